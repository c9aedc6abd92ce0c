// A question before what cannot be undone; the browser's own dialog keeps the keyboard inside it.
export default {
  props: { question: Object },
  emits: ["yes"],
  watch: {
    question() {
      this.$nextTick(() => {
        this.$refs.dialog.showModal();
        this.$refs.no.focus();
      });
    },
  },
  methods: {
    answer(agreed) {
      this.$refs.dialog.close();
      if (agreed) this.$emit("yes");
    },
  },
  render() {
    const { title, text, yes } = this.question || {};
    return Vue.h("dialog", { ref: "dialog", class: "confirm", "aria-labelledby": "confirm-title" }, [
      Vue.h("h2", { id: "confirm-title" }, title),
      Vue.h("p", text),
      Vue.h("div", { class: "buttons" }, [
        Vue.h("button", { type: "button", ref: "no", onClick: () => this.answer(false) }, "Keep"),
        Vue.h("button", { type: "button", class: "danger", onClick: () => this.answer(true) }, yes),
      ]),
    ]);
  },
};
