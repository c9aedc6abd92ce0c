// What happened, newest first.
export default {
  props: { lines: Array },
  render() {
    const items = this.lines.map(([time, text], at) =>
      Vue.h("li", { key: this.lines.length - at }, [Vue.h("time", time), Vue.h("span", text)])
    );
    return Vue.h("ol", { class: "lines", role: "log", "aria-live": "off", "aria-label": "What happened", tabindex: 0 }, items);
  },
};
