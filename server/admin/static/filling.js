// Fills a form with ODK Web Forms and sends what was filled in; what was typed is lost only by closing the page, after a warning.

// The map asks a public server for its tiles, which would tell it where somebody is. The page's policy forbids that; the map gets tiles
// drawn here instead: a grid, with the latitude and longitude of each corner.
const NUMBERED = /\/(\d+)\/(\d+)\/(\d+)\.\w+$/;
const picture = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");
Object.defineProperty(HTMLImageElement.prototype, "src", {
  ...picture,
  set(address) {
    const asked = new URL(address, location.href);
    const foreign = asked.protocol.startsWith("http") && asked.origin !== location.origin;
    picture.set.call(this, foreign ? tile(...(asked.pathname.match(NUMBERED) ?? []).slice(1).map(Number)) : address);
  },
});

// The tile of column x and row y where 2^zoom of them go round the earth (Web Mercator).
function tile(zoom = 0, x = 0, y = 0) {
  const across = 2 ** zoom;
  const longitude = (x / across) * 360 - 180;
  const latitude = (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / across))) * 180) / Math.PI;
  const digits = Math.min(5, Math.ceil(zoom / 3));
  const label = `${latitude.toFixed(digits)}, ${longitude.toFixed(digits)}`;
  return `data:image/svg+xml,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256"><path d="M0 0h256v256h-256z" fill="#f4f6f5"/>` +
      `<path d="M0 256V0h256" fill="none" stroke="#9db3b0"/><text x="5" y="15" font-family="sans-serif" font-size="11" fill="#5c7470">${label}</text></svg>`,
  )}`;
}

const part = (id) => document.getElementById(id);
const place = part("form");
const words = part("words").dataset;
const dialog = part("sending");
let unsent = false;
part("loading").hidden = false;

window.addEventListener("beforeunload", (event) => {
  if (unsent) event.preventDefault();
});
// Some fields take keys by themselves and never tell of an input.
for (const kind of ["input", "change", "keydown", "paste", "drop", "click"]) {
  place.addEventListener(kind, (event) => {
    if (event.key !== "Tab" && (kind !== "click" || event.target.closest("button, label"))) unsent = true;
  });
}
dialog.addEventListener("cancel", (event) => event.preventDefault());

// Opens in the page's language where the form speaks it.
function spoken(xml) {
  const form = new DOMParser().parseFromString(xml, "text/xml");
  const translations = [...form.getElementsByTagNameNS("*", "translation")];
  const code = document.documentElement.lang;
  const ours = translations.find((one) => new RegExp(`(^|\\()${code}\\)?$`, "i").test((one.getAttribute("lang") ?? "").trim()));
  if (!ours) return xml;
  translations.forEach((one) => one.removeAttribute("default"));
  ours.setAttribute("default", "true()");
  return new XMLSerializer().serializeToString(form);
}

function show(title, text, ...buttons) {
  part("sending-title").textContent = title;
  part("sending-text").textContent = text;
  for (const id of ["again", "back", "another"]) part(id).hidden = !buttons.includes(id);
  if (!dialog.open) dialog.showModal();
  part("sending-title").focus();
}

function pressed(...ids) {
  return new Promise((resolve) => {
    for (const id of ids) part(id).onclick = () => resolve(id);
  });
}

// The sentence of a page that refuses; pages are how this server says anything to a browser.
async function sentence(response) {
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return page.querySelector("h1")?.textContent?.trim() ?? "";
}

// Whoever signed in again in another window has another token.
async function renewed() {
  const response = await fetch(location.href, { redirect: "manual", cache: "no-store" });
  if (!response.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const token = page.getElementById("form")?.dataset.csrf;
  if (token) place.dataset.csrf = token;
}

// One attempt: whether it was taken, else what to say and whether the form may be changed before the next one. It may not be while
// nobody knows whether it arrived: the same form sent twice is kept once, but only if it is the same to the byte.
async function attempt(body) {
  const headers = place.dataset.csrf ? { "X-CSRF-Token": place.dataset.csrf } : {};
  let response;
  try {
    response = await fetch(`${place.dataset.base}/submission`, { method: "POST", body, headers, redirect: "manual" });
  } catch {
    return { text: words.network };
  }
  if (response.status === 201) return { taken: true };
  if (response.type === "opaqueredirect") return { text: words.signedOut, renew: true };
  if (response.status === 429) return { text: words.busy };
  if (response.status >= 500) return { text: words.trouble };
  return { text: `${words.refused} ${await sentence(response)}`, renew: response.status === 403, changeable: true };
}

async function send(payload) {
  const body = payload.data[0];
  let changeable = true;
  for (;;) {
    show(words.sending, words.wait);
    const result = await attempt(body);
    if (result.taken) {
      unsent = false;
      return true;
    }
    changeable = changeable && result.changeable === true;
    show(words.unsent, result.text, "again", ...(changeable ? ["back"] : []));
    if ((await pressed("again", "back")) === "back") {
      dialog.close();
      return false;
    }
    if (result.renew) await renewed().catch(() => {});
  }
}

// What belongs to the version under which this page was opened, even if a newer one was published meanwhile.
function belonging(path) {
  const version = place.dataset.version === undefined ? "" : `?version=${encodeURIComponent(place.dataset.version)}`;
  return fetch(`${place.dataset.base}/${path}${version}`, { redirect: "manual" });
}

async function fetched(path) {
  const response = await belonging(path);
  if (!response.ok) throw new Error(`${response.status} for ${path}`);
  return response.text();
}

// The submission that is corrected, as it was sent last.
function corrected() {
  if (place.dataset.sent === undefined) return {};
  const sent = async (path) => {
    const response = await fetch(place.dataset.sent + path, { redirect: "manual" });
    if (!response.ok) throw new Error(`${response.status} for ${path}`);
    return response;
  };
  return {
    editInstance: {
      resolveInstance: async () => (await sent(".xml")).text(),
      attachmentFileNames: JSON.parse(place.dataset.files),
      resolveAttachment: (name) => sent(`/files/${encodeURIComponent(name)}`),
    },
  };
}

async function open() {
  const [{ createApp, h }, { OdkWebForm, webFormsPlugin, POST_SUBMIT__NEW_INSTANCE }, xml] = await Promise.all([
    import("vue"), import("@getodk/web-forms"), fetched("form.xml"),
  ]);
  const fetchFormAttachment = (resource) =>
    belonging(`media/${encodeURIComponent(decodeURIComponent(resource.pathname.replace(/^.*\//, "")))}`);
  const onSubmit = async (payload, callback) => {
    if (!(await send(payload))) return;
    if (place.dataset.after !== undefined) {
      location.assign(place.dataset.after);
      return;
    }
    const once = place.dataset.once !== undefined;
    show(words.sent, once ? words.last : words.kept, ...(once ? [] : ["another"]));
    if (once) return;
    await pressed("another");
    dialog.close();
    callback({ next: POST_SUBMIT__NEW_INSTANCE });
    scrollTo(0, 0);
  };
  createApp(() => h(OdkWebForm, {
    formXml: spoken(xml),
    fetchFormAttachment,
    missingResourceBehavior: place.dataset.draft === undefined ? "DEFAULT" : "BLANK",
    preloadProperties: { deviceID: `siraba:web:${crypto.randomUUID()}`, username: place.dataset.username },
    ...corrected(),
    onSubmit,
  })).use(webFormsPlugin).mount(place);
  part("loading").remove();
}

open().catch(() => {
  part("loading").remove();
  part("failed").textContent = place.dataset.notOpened;
  part("failed").hidden = false;
});
