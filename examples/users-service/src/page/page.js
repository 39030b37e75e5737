"use strict";

const COLUMNS = ["id", "name", "email", "email_index", "phone", "phone_index", "birth_date", "plan"];
const element = (id) => document.getElementById(id);
let profile = null;
let after = null;

// Sends a request, and throws the API's error.
async function request(method, path, body) {
  const options = { method, credentials: "same-origin" };
  if (body !== undefined) {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  const response = await fetch(path, options);
  const answer = response.status === 204 ? null : await response.json();
  if (!response.ok) throw answer.error;
  return answer;
}

function say(text, isError = false) {
  const message = element("message");
  message.textContent = text;
  message.classList.toggle("error", isError);
  message.hidden = !text;
}

function explain(error) {
  if (error.code === "not_signed_in" && profile) return show(null), say("Your session has ended.", true);
  const field = error.field ? error.field.replace("_", " ") + ": " : "";
  say(error.message ? field + error.message : "The service does not answer.", true);
}

// Runs an action at each event. The button cannot be pressed twice.
function on(id, event, action) {
  element(id).addEventListener(event, async (happened) => {
    happened.preventDefault();
    const button = happened.submitter || happened.currentTarget;
    button.disabled = true;
    try {
      say("");
      // The element with this listener. The target of `input` is a field of the form.
      await action(happened.currentTarget);
    } catch (error) {
      explain(error);
    } finally {
      button.disabled = false;
      element("next").disabled = after === null;
    }
  });
}

// The fields of a form, without those that are empty.
function values(form) {
  return Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));
}

function cell(tag, text, content = "span") {
  const made = document.createElement(tag);
  const inner = document.createElement(text === null || text === undefined ? "span" : content);
  inner.textContent = text ?? "NULL";
  if (text === null || text === undefined) inner.className = "empty";
  made.append(inner);
  return made;
}

function tableRow(...cells) {
  const row = document.createElement("tr");
  row.append(...cells);
  return row;
}

async function showRow() {
  const stored = await request("GET", "/api/me/stored");
  element("row").replaceChildren(...COLUMNS.map((column) => {
    const header = cell("th", column);
    header.scope = "row";
    const remark = column === "id" ? "not encrypted" : column.endsWith("_index") ? "a keyed digest, for lookups" : "";
    const plain = cell("td", remark || profile[column]);
    if (remark) plain.firstChild.className = "empty";
    return tableRow(header, plain, cell("td", stored[column], "code"));
  }));
}

function showMembers({ members, next }) {
  after = next;
  element("next").disabled = next === null;
  const rows = members.map(({ name, plan, error, created_at }) =>
    error ? tableRow(cell("td", "(cannot be read)"), cell("td", ""), cell("td", created_at.slice(0, 10)))
          : tableRow(cell("td", name), cell("td", plan), cell("td", created_at.slice(0, 10))));
  element("members").replaceChildren(...(rows.length ? rows : [tableRow(cell("td", "No member found"))]));
}

const listFrom = async (id) => showMembers(await request("GET", "/api/members?limit=10" + (id ? "&after=" + id : "")));

// Shows the page of a signed-in user, or of nobody.
async function show(user) {
  profile = user;
  element("signed-out").hidden = user !== null;
  element("signed-in").hidden = user === null;
  for (const form of document.forms) form.reset();
  if (!user) return;
  for (const field of element("profile").elements) {
    if (field.name) field.value = user[field.name] ?? "";
  }
  await Promise.all([showRow(), listFrom(null)]);
}

on("sign-up", "submit", async (form) => {
  const { password, ...fields } = values(form);
  await show(await request("POST", "/api/sign-up", { password, profile: { plan: "free", ...fields } }));
  say("You have signed up.");
});
on("log-in", "submit", async (form) => {
  await show(await request("POST", "/api/session", values(form)));
  say("You are logged in.");
});
on("profile", "submit", async (form) => {
  await show(await request("PUT", "/api/me", values(form)));
  say("Your profile is saved.");
});
on("search", "submit", async (form) => showMembers(await request("POST", "/api/members/search", values(form))));
// Searches as one types, from three letters on. An answer that is late does not replace a newer one.
let typing = 0;
on("search-name", "submit", async () => {});
on("search-name", "input", async (form) => {
  const turn = ++typing;
  const { name } = values(form);
  if (!name) return listFrom(null);
  if (!/[\p{L}\p{N}]{3}$/u.test(name)) return;
  const page = await request("POST", "/api/members/search", { name });
  if (turn === typing) showMembers(page);
});
on("first", "click", () => listFrom(null));
on("next", "click", () => listFrom(after));
on("log-out", "click", async () => {
  await request("DELETE", "/api/session");
  await show(null);
  say("You are logged out.");
});
on("delete", "submit", async () => {
  await request("DELETE", "/api/me");
  await show(null);
  say("Your account is deleted.");
});

request("GET", "/api/me").then(show, () => show(null)).catch(explain);
