// Names and what is said of them.
export default {
  props: { facts: Array },
  render() {
    return Vue.h("dl", { class: "facts" }, this.facts.map(([name, text]) => Vue.h("div", { key: name }, [
      Vue.h("dt", name), Vue.h("dd", text),
    ])));
  },
};
