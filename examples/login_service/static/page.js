// Without this script the pages work as well: whoever has to wait follows a link then, and the
// server sees to it that nothing is done twice.

// Counts down, and then offers what was held back.
for (const wait of document.querySelectorAll("[data-seconds]")) {
  const end = Date.now() + wait.dataset.seconds * 1000;
  const timer = setInterval(() => {
    const left = Math.ceil((end - Date.now()) / 1000);
    wait.querySelector("[data-left]").textContent = Math.max(left, 0);
    if (left > 0) return;
    clearInterval(timer);
    wait.hidden = true;
    for (const held of document.querySelectorAll("[data-after-wait]")) held.hidden = false;
  }, 250);
}

// A second press on the button does nothing while the first one is on its way.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => delete form.dataset.sent); // back from the next page
}
