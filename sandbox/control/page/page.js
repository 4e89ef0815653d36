// A list of SMS that is live. What the sandbox answers is set as text, never as markup.
"use strict";

const space = location.pathname.match(/^\/spaces\/[a-z0-9-]+/)?.[0] ?? "";
const api = `${space}/_sandbox`;
const list = document.getElementById("sms");
const state = document.getElementById("state");

function item(sms) {
  const code = document.createElement("strong");
  code.textContent = sms.code;
  const entry = document.createElement("li");
  entry.append(code, `${sms.mobile} · ${sms.sms_type} · ${new Date(sms.sent_at).toLocaleString()}`);
  return entry;
}

async function load() {
  const query = new URLSearchParams(location.search);
  const mobile = query.get("mobile");
  const answer = await fetch(`${api}/sms${mobile ? `?mobile=${encodeURIComponent(mobile)}` : ""}`);
  const { sms } = await answer.json();
  list.replaceChildren(...sms.map(item));
}

const stream = new EventSource(`${api}/events?types=sms,changed`);
stream.onopen = () => { state.textContent = "Live"; load(); };
stream.onerror = () => { state.textContent = "Not connected: what is below may be old."; };
for (const type of ["sms", "changed", "missed"]) stream.addEventListener(type, load);
