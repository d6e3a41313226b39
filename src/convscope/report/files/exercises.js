"use strict";
// Counts what has been answered, and saves it as a file; nothing leaves the machine.
(() => {
  const sheet = JSON.parse(document.getElementById("sheet").textContent);
  const button = document.getElementById("save");
  const status = document.getElementById("count");
  if (!button) return;
  let saved = true;

  const answers = () => {
    const found = {};
    for (const field of document.querySelectorAll("input[name^='answer-']")) {
      const number = field.name.slice("answer-".length);
      if (field.type === "radio" && !field.checked) {
        found[number] ??= "";
      } else {
        found[number] = field.value.trim();
      }
    }
    return found;
  };

  const count = () => {
    const given = Object.values(answers());
    status.textContent = `${given.filter(Boolean).length} of ${given.length} answered`;
  };

  const save = () => {
    const name = document.getElementById("name").value.trim();
    const record = { ...sheet, name, answers: answers() };
    const file = new Blob([JSON.stringify(record, null, 1) + "\n"], { type: "application/json" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = `answers-${sheet.sheet.id}.json`;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    saved = true;
    count();
    status.textContent += `; saved as ${link.download}`;
  };

  document.addEventListener("input", () => { saved = false; count(); });
  button.addEventListener("click", save);
  addEventListener("beforeunload", (event) => { if (!saved) event.preventDefault(); });
  count();
})();
