// Evidence over the last minute, between the ratio that rejects and the one that accepts.
import { cleared } from "canvas";

const SHOWN_S = 60;

export default {
  props: { label: String },
  render() {
    return Vue.h("div", { class: "canvas-box" }, [
      Vue.h("canvas", { ref: "canvas", role: "img", "aria-label": this.label }),
    ]);
  },
  mounted() {
    this.state = { now: 0, accept: null, reject: null, points: [] };
    this.at = performance.now();
    this.listen = (state) => this.push(state);
    this.$nextTick(() => window.socket.on("pulsekey_evidence", this.listen));
    this.timer = setInterval(() => this.draw(), 100);
  },
  beforeUnmount() {
    window.socket.off("pulsekey_evidence", this.listen);
    clearInterval(this.timer);
  },
  methods: {
    push(state) {
      this.state = state;
      this.at = performance.now();
      this.draw();
    },
    draw() {
      const canvas = this.$refs.canvas;
      if (!canvas || canvas.clientWidth === 0) return;
      const { pen, width, height } = cleared(canvas);
      const style = getComputedStyle(document.body);
      const colour = (name) => style.getPropertyValue(name).trim();
      pen.font = `12px ${style.fontFamily}`;
      if (this.state.accept === null) return;
      const now = this.state.now + (performance.now() - this.at) / 1000;
      const points = this.state.points.filter((point) => point[0] >= now - SHOWN_S - 2);
      const values = points.map((point) => point[1]);
      const low = Math.min(this.state.reject - 3, ...values.map((value) => Math.max(value - 0.5, -12)));
      const high = Math.max(this.state.accept + 3, ...values.map((value) => Math.min(value + 2.5, 18)));
      const y = (llr) => 6 + ((high - Math.min(high, Math.max(low, llr))) / (high - low)) * (height - 12);
      const x = (time) => width - 8 - ((now - time) / SHOWN_S) * (width - 8);
      this.drawZones(pen, width, height, y, colour);
      this.drawPoints(pen, points, x, y, colour);
    },
    drawZones(pen, width, height, y, colour) {
      const { accept, reject } = this.state;
      pen.fillStyle = colour("--zone-accept");
      pen.fillRect(0, 0, width, y(accept));
      pen.fillStyle = colour("--zone-reject");
      pen.fillRect(0, y(reject), width, height - y(reject));
      pen.lineWidth = 1;
      pen.setLineDash([4, 4]);
      for (const [llr, name, below] of [[accept, "accept", false], [reject, "reject", true]]) {
        pen.strokeStyle = pen.fillStyle = colour(`--line-${name}`);
        pen.beginPath();
        pen.moveTo(0, y(llr));
        pen.lineTo(width, y(llr));
        pen.stroke();
        pen.textBaseline = below ? "top" : "bottom";
        pen.fillText(`${name} ${llr.toFixed(1)}`, 8, y(llr) + (below ? 4 : -3));
      }
      pen.setLineDash([]);
    },
    drawPoints(pen, points, x, y, colour) {
      pen.lineWidth = 2;
      pen.strokeStyle = colour("--ink");
      pen.beginPath();
      points.forEach(([time, llr, windows], at) => {
        const begins = at === 0 || windows <= points[at - 1][2]; // another attempt
        pen[begins ? "moveTo" : "lineTo"](x(time), y(llr));
      });
      pen.stroke();
      for (const [time, llr, , outcome] of points) {
        pen.fillStyle = colour(outcome === "accepted" ? "--line-accept" : outcome ? "--line-reject" : "--ink");
        pen.beginPath();
        pen.arc(x(time), y(llr), outcome ? 5 : 2.5, 0, 7);
        pen.fill();
        if (outcome) this.drawMark(pen, x(time), y(llr), outcome === "accepted");
      }
    },
    drawMark(pen, x, y, accepted) {
      // A tick or a cross: colour alone says nothing to some.
      pen.textBaseline = "middle";
      pen.textAlign = "center";
      pen.fillText(accepted ? "✓" : "✕", x, y - 14);
      pen.textAlign = "start";
    },
  },
};
