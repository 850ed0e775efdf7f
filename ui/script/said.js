// What a form says, as JSON: `data-kind` tells what an input's text stands for.
const KINDS = {
  number: (input) => (input.value.trim() === "" ? null : Number(input.value)),
  percent: (input) => Math.round(Number(input.value.replace(",", ".")) * 10_000),
  flag: (input) => input.checked,
  moment: (input) => (input.value ? new Date(input.value).toISOString() : ""),
  list: (input) => input.value.split(",").map((part) => part.trim()).filter(Boolean),
  json: (input) => JSON.parse(input.value),
  optional: (input) => input.value.trim() || null,
  text: (input) => input.value.trim(),
};

// A name such as `schedule/from` is a member within a member.
export function said(form) {
  const body = {};
  for (const input of form.elements) {
    if (!input.name) continue;
    const path = input.name.split("/");
    const name = path.pop();
    const place = path.reduce((within, step) => (within[step] ??= {}), body);
    if (input.dataset.kind === "each") {
      place[name] ??= [];
      if (input.checked) place[name].push(Number(input.value));
    } else {
      place[name] = KINDS[input.dataset.kind ?? "text"](input);
    }
  }
  return JSON.stringify(body);
}
