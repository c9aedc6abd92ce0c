// One line to fill in, with its button.
export default {
  props: {
    label: String, button: String, kind: { type: String, default: "text" }, mode: { type: String, default: "text" },
    longest: { type: Number, default: 64 }, blocked: { type: Boolean, default: false }, name: String,
  },
  emits: ["entered"],
  methods: {
    send(event) {
      event.preventDefault();
      const field = this.$refs.field;
      const value = field.value.trim();
      if (!value) {
        field.focus();
        return;
      }
      field.value = "";
      this.$emit("entered", value);
    },
  },
  render() {
    const id = `field-${this.name}`;
    return Vue.h("form", { class: "entry", onSubmit: (event) => this.send(event), novalidate: true }, [
      Vue.h("label", { for: id }, this.label),
      Vue.h("div", { class: "entry-row" }, [
        Vue.h("input", {
          id, ref: "field", type: this.kind, inputmode: this.mode, maxlength: this.longest, disabled: this.blocked,
          autocomplete: "off", autocapitalize: "off", spellcheck: "false", name: this.name,
        }),
        Vue.h("button", { type: "submit", class: "primary", disabled: this.blocked }, this.button),
      ]),
    ]);
  },
};
