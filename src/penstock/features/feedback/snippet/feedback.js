/* Penstock feedback. <script src="https://SERVER/feedback/v1/feedback.js" data-key="pfk_…" defer>
   PenstockFeedback.send(token, {thumbs: true, comment: "…"})
   PenstockFeedback.mount(element, token, {rating: true, categories: ["wrong", "slow"]})
   PenstockFeedback.watch(element, token)
   Needs no eval, no inline script, no inline style and no cookie. */
(() => {
  "use strict";
  const script = document.currentScript;
  const settings = {
    key: (script && script.dataset.key) || "",
    server: script ? new URL(script.src).origin : "",
  };
  const TEXTS = new Set(["comment", "correction"]);

  function init(changes) {
    Object.assign(settings, changes);
  }

  // Resolves to true if the feedback was stored; never rejects.
  function send(token, feedback, last = false) {
    const items = Object.entries(feedback).map(([name, value]) =>
      TEXTS.has(name) ? { name, comment: String(value) } : { name, value },
    );
    const url = `${settings.server}/feedback/v1/keys/${encodeURIComponent(settings.key)}`;
    const body = JSON.stringify({ token, feedback: items });
    const options = { method: "POST", body, credentials: "omit", mode: "cors", keepalive: last };
    return fetch(url, options).then(
      (answer) => answer.ok,
      () => false,
    );
  }

  function button(label, title, press) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.title = title;
    made.setAttribute("aria-label", title);
    made.setAttribute("aria-pressed", "false");
    made.className = "penstock-feedback-button";
    made.addEventListener("click", () => press(made));
    return made;
  }

  // Shows buttons in `element`: thumbs (or stars with `rating`), categories, and a comment field.
  function mount(element, token, options = {}) {
    const box = document.createElement("div");
    box.className = "penstock-feedback";
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", options.title || "Feedback");
    const state = document.createElement("span");
    state.className = "penstock-feedback-state";
    state.setAttribute("role", "status");
    const choose = (group, feedback) => async (pressed) => {
      const stored = await send(token, feedback);
      if (stored) for (const each of group) each.setAttribute("aria-pressed", each === pressed);
      state.textContent = stored ? options.thanks || "Thank you." : options.failed || "Not sent.";
    };
    const add = (choices) => {
      const group = [];
      for (const [label, title, feedback] of choices)
        group.push(button(label, title, choose(group, feedback)));
      box.append(...group);
    };
    if (options.rating)
      add([1, 2, 3, 4, 5].map((stars) => ["★", `${stars} of 5`, { rating: stars }]));
    else if (options.thumbs !== false)
      add([
        ["👍", "Good answer", { thumbs: true }],
        ["👎", "Bad answer", { thumbs: false }],
      ]);
    add((options.categories || []).map((name) => [name, name, { category: name }]));
    if (options.comment !== false) box.append(commentForm(token, options, state));
    box.append(state);
    element.append(box);
    return box;
  }

  function commentForm(token, options, state) {
    const form = document.createElement("form");
    const field = document.createElement("input");
    field.type = "text";
    field.maxLength = 2000;
    field.placeholder = options.placeholder || "Comment";
    field.setAttribute("aria-label", field.placeholder);
    const submit = document.createElement("button");
    submit.textContent = options.send || "Send";
    form.append(field, submit);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (!field.value.trim()) return;
      const stored = await send(token, { comment: field.value });
      if (stored) field.value = "";
      state.textContent = stored ? options.thanks || "Thank you." : options.failed || "Not sent.";
    });
    return form;
  }

  // Sends that the answer was copied, or that the page was left at once. Call `stop()` of what it
  // returns when the user goes on; `retried()` and `edited()` are for the application to call.
  function watch(element, token, options = {}) {
    let active = true;
    let copied = false;
    const copy = () => {
      if (active && !copied) send(token, { copied: true });
      copied = true;
    };
    const leave = () => {
      if (active && !copied && options.abandoned) send(token, { abandoned: true }, true);
      active = false;
    };
    element.addEventListener("copy", copy);
    addEventListener("pagehide", leave);
    return {
      retried: () => send(token, { retried: true }),
      edited: () => send(token, { edited: true }),
      stop() {
        active = false;
        element.removeEventListener("copy", copy);
        removeEventListener("pagehide", leave);
      },
    };
  }

  globalThis.PenstockFeedback = Object.freeze({ init, send, mount, watch });
})();
