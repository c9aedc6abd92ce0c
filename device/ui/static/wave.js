// The pulse as it comes: raw counts in, an upright curve out, coloured by what the device makes of each window.
import { cleared } from "canvas";

const SHOWN_S = 8;
const DELAY_S = 0.35; // batches come ten times a second, and not on the dot: what is drawn lies this far behind
const JUMP_COUNTS = 8000; // a finger that comes or goes, not a pulse
const BASELINE_S = 0.45; // time constant of the high-pass that takes breathing and pressure away
const SMOOTH_S = 0.012;
const LEAST_SPAN = 160; // counts; less is noise and is not blown up
const STALE_MS = 2500;
const HOP_S = 1.2;

export default {
  props: { label: String },
  render() {
    return Vue.h("div", { class: "canvas-box" }, [
      Vue.h("canvas", { ref: "canvas", role: "img", "aria-label": this.label, "data-frames": "0" }),
    ]);
  },
  mounted() {
    this.reset(null);
    this.listen = (batch) => this.push(batch);
    this.$nextTick(() => window.socket.on("pulsekey_wave", this.listen)); // the page's own socket comes after its parts
    this.frames = 0;
    this.lastPush = performance.now();
    this.lastFrame = performance.now();
    this.still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.request = requestAnimationFrame((now) => this.frame(now));
    this.second = setInterval(() => this.eachSecond(), 1000);
    this.readColours();
  },
  beforeUnmount() {
    window.socket.off("pulsekey_wave", this.listen);
    cancelAnimationFrame(this.request);
    clearInterval(this.second);
  },
  methods: {
    reset(epoch) {
      this.epoch = epoch;
      this.times = [];
      this.values = [];
      this.spans = [];
      this.playhead = null;
      this.filter = null;
      this.low = -LEAST_SPAN;
      this.high = LEAST_SPAN;
    },
    push(batch) {
      this.lastPush = performance.now();
      this.rate = batch.rate || this.rate || 125;
      for (const [epoch, first, counts] of batch.blocks) {
        if (epoch !== this.epoch) this.reset(epoch);
        counts.forEach((count, at) => this.add((first + at) / this.rate, -count));
      }
      for (const [epoch, end, sqi, reason] of batch.windows) {
        if (epoch === this.epoch) this.spans.push({ end: end / this.rate, sqi, reason });
      }
      const oldest = this.newest() - SHOWN_S - 2;
      const cut = this.times.findIndex((time) => time >= oldest);
      if (cut > 200) {
        this.times.splice(0, cut);
        this.values.splice(0, cut);
      }
      this.spans = this.spans.filter((span) => span.end > oldest);
    },
    add(time, value) {
      const before = this.filter;
      const dt = before ? time - before.time : 0;
      if (!before || dt <= 0 || dt > 1 || Math.abs(value - before.input) > JUMP_COUNTS) {
        this.filter = { time, input: value, base: value, smooth: 0 };
      } else {
        before.base += (1 - Math.exp(-dt / BASELINE_S)) * (value - before.base);
        before.smooth += (1 - Math.exp(-dt / SMOOTH_S)) * (value - before.base - before.smooth);
        before.time = time;
        before.input = value;
      }
      this.times.push(time);
      this.values.push(this.filter.smooth);
    },
    newest() {
      return this.times.length ? this.times[this.times.length - 1] : 0;
    },
    eachSecond() {
      this.$refs.canvas.dataset.frames = String(this.frames);
      this.frames = 0;
      const stale = performance.now() - this.lastPush > STALE_MS;
      document.body.classList.toggle("stale", stale);
      this.readColours();
    },
    readColours() {
      const style = getComputedStyle(document.body);
      this.colours = Object.fromEntries(
        ["good", "bad", "plain", "grid", "muted"].map((name) => [name, style.getPropertyValue(`--wave-${name}`).trim()])
      );
      this.font = style.fontFamily;
    },
    frame(now) {
      this.request = requestAnimationFrame((next) => this.frame(next));
      if (this.still && now - this.lastFrame < 250) return;
      const dt = Math.min(0.25, (now - this.lastFrame) / 1000);
      this.lastFrame = now;
      this.frames += 1;
      const target = this.newest() - DELAY_S;
      if (this.playhead === null || Math.abs(target - this.playhead) > 1) this.playhead = target;
      // Runs at the signal's own pace, drawn gently towards where it should be.
      else this.playhead = Math.min(this.newest(), this.playhead + dt * (1 + 1.5 * (target - this.playhead)));
      this.draw();
    },
    draw() {
      const canvas = this.$refs.canvas;
      const { pen, width, height } = cleared(canvas);
      const x = (time) => width + ((time - this.playhead) * width) / SHOWN_S;
      this.drawSeconds(pen, x, width, height);
      this.drawCurve(pen, x, width, height - 30);
      this.drawSpans(pen, x, width, height);
    },
    drawSeconds(pen, x, width, height) {
      pen.strokeStyle = this.colours.grid;
      pen.lineWidth = 1;
      pen.beginPath();
      for (let time = Math.ceil(this.playhead - SHOWN_S); time <= this.playhead; time++) {
        pen.moveTo(Math.round(x(time)) + 0.5, 0);
        pen.lineTo(Math.round(x(time)) + 0.5, height - 24);
      }
      pen.stroke();
    },
    drawCurve(pen, x, width, height) {
      let from = this.times.findIndex((time) => time >= this.playhead - SHOWN_S);
      if (from < 0) return;
      from = Math.max(0, from - 1);
      let to = this.times.length;
      while (to > from && this.times[to - 1] > this.playhead) to--;
      this.scale(from, to);
      const y = (value) => height - 6 - ((value - this.low) / (this.high - this.low)) * (height - 14);
      pen.lineWidth = 2;
      pen.lineJoin = pen.lineCap = "round";
      let colour = null;
      for (let at = from; at < to; at++) {
        const next = this.colourAt(this.times[at]);
        const gap = at > from && this.times[at] - this.times[at - 1] > 0.1;
        if (next !== colour || gap) {
          if (colour !== null) {
            if (!gap) pen.lineTo(x(this.times[at]), y(this.values[at]));
            pen.stroke();
          }
          colour = next;
          pen.strokeStyle = colour;
          pen.beginPath();
          pen.moveTo(x(this.times[at]), y(this.values[at]));
        } else {
          pen.lineTo(x(this.times[at]), y(this.values[at]));
        }
      }
      if (colour !== null) pen.stroke();
      if (to > from) {
        pen.fillStyle = colour;
        pen.beginPath();
        pen.arc(width - 4, y(this.values[to - 1]), 3.5, 0, 7);
        pen.fill();
      }
    },
    scale(from, to) {
      let low = Infinity, high = -Infinity;
      for (let at = from; at < to; at++) {
        if (this.values[at] < low) low = this.values[at];
        if (this.values[at] > high) high = this.values[at];
      }
      const middle = (low + high) / 2, half = Math.max(LEAST_SPAN, high - low) / 2;
      if (!Number.isFinite(middle)) return;
      this.low += 0.12 * (middle - half - this.low);
      this.high += 0.12 * (middle + half - this.high);
    },
    colourAt(time) {
      for (const span of this.spans) {
        if (time <= span.end && time > span.end - HOP_S) return span.reason ? this.colours.bad : this.colours.good;
      }
      return this.colours.plain;
    },
    drawSpans(pen, x, width, height) {
      pen.font = `11px ${this.font}`;
      pen.textBaseline = "middle";
      let told = null;
      for (const span of this.spans) {
        const left = Math.max(0, x(span.end - HOP_S) + 1), right = Math.min(width, x(span.end) - 1);
        if (right <= left) continue;
        pen.fillStyle = span.reason ? this.colours.bad : this.colours.good;
        pen.globalAlpha = span.reason ? 1 : 0.25 + 0.75 * Math.max(0, Math.min(1, span.sqi));
        pen.fillRect(left, height - 5, right - left, 4);
        pen.globalAlpha = 1;
        if (span.reason && span.reason !== told) pen.fillText(span.reason, left, height - 14);
        told = span.reason;
      }
    },
  },
};
