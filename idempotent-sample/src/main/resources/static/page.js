"use strict";

const POLL_MILLISECONDS = 400;
const NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
  "eleven", "twelve"];
const LABELS = {
  WAITING: "waiting", RUNNING: "running", EXECUTED: "executed", RECONCILED: "reconciled",
  REPLAYED: "replayed", IN_PROGRESS: "in progress", REFUSED: "refused", FAILED: "failed"
};
// Where nobody called, and the recoverer did.
const RECOVERED = { RUNNING: "recovering", EXECUTED: "recovered", RECONCILED: "recovered" };

const START = "mvn -pl idempotent-sample -am spring-boot:run -Dspring-boot.run.profiles=";
const WITHOUT_RECOVERY = " -Dspring-boot.run.arguments=--idempotent.recovery.enabled=false";
// Where a payment that got no answer is kept, so that it outlives a reload of the page as it does the server.
const UNANSWERED = "unanswered";

const element = id => document.getElementById(id);
const inWords = (count, noun) => (NUMBERS[count] ?? count) + " " + noun + (count > 1 ? "s" : "");
const capitalised = text => text.charAt(0).toUpperCase() + text.slice(1);

let snapshot = { calls: [], charged: [], failNext: 0, latencyMilliseconds: 0, haltNext: "NEVER", durableProfile: null,
  recovers: false };
// The killed payment that the page asks for, as it is sent each time; null where it asks for none.
let asked = null;
// How far the killed payment is: its look, headline, detail and command; null before the first.
let crash = null;
let requestNumber = 0;
let shownNumber = 0;
const shownRows = new Map();

// ---- Talking to the server ------------------------------------------------------------------------------------------

async function request(method, path, headers, sent) {
  // Without what the browser remembers, which would be credentials, or its own dialog asking for them.
  const response = await fetch(path, { method, headers, body: sent, credentials: "omit", cache: "no-store" });
  const text = await response.text();
  const retryAfter = Number(response.headers.get("Retry-After"));
  const body = JSON.parse(text);
  return { path, headers, sent, status: response.status, received: response.headers, text, body, retryAfter };
}

const post = (path, content, moreHeaders = {}) =>
  request("POST", path, { "Content-Type": "application/json", ...moreHeaders }, JSON.stringify(content));

async function pay(id, amount) {
  const answer = await post("/payments", { id, account: "acc-7", amount, currency: "EUR" });
  showExchange(answer, id);
  return answer;
}

const behave = behaviour => post("/gateway/behaviour", behaviour);

/** Fetches and shows the state. Answers may overtake each other, so one that is older than what is shown is not. */
async function refresh() {
  const number = ++requestNumber;
  const response = await fetch("/page/calls?requestId=" + encodeURIComponent(currentId()), { cache: "no-store" });
  const answer = await response.json();
  if (number > shownNumber) {
    shownNumber = number;
    snapshot = answer;
    show();
  }
}

async function poll() {
  try {
    if (!document.hidden) {
      await refresh();
    }
  } catch (failure) {
    say("The application does not answer.", crash ? "" : "Is it still running?");
  }
  setTimeout(poll, POLL_MILLISECONDS);
}

// ---- What the buttons do --------------------------------------------------------------------------------------------

const currentId = () => element("request-id").value;
const currentAmount = () => element("amount").value;

function freshId() {
  element("request-id").value = "pay-" + Math.random().toString(36).slice(2, 7).padEnd(5, "0");
  show();
}

/** An amount that differs, and is written the same way. */
function anotherAmount(amount) {
  const number = Number(amount);
  return Number.isFinite(number) ? (number + 10).toFixed((amount.split(".")[1] ?? "").length) : "99.00";
}

const callsOf = (id, after = 0) =>
  snapshot.calls.filter(call => call.requestId === id && call.number > after && !call.recovered);
/** The recovery that finished a payment while nobody asked for it. */
const recoveryOf = id =>
  snapshot.calls.find(call => call.requestId === id && call.recovered && RECOVERED[call.outcome] === "recovered");
const newestNumber = () => Math.max(0, ...snapshot.calls.map(call => call.number));
const chargesOf = id => snapshot.charged.find(charged => charged.requestId === id)?.charges ?? 0;

async function sendOne() {
  const id = currentId();
  say("Sending…", "");
  const answer = await pay(id, currentAmount());
  await refresh();
  explainOne(id, answer);
}

function explainOne(id, answer) {
  const call = callsOf(id)[0];
  if (answer.status !== 200) {
    say("Refused with " + answer.status + ".", answer.body.detail ?? "");
  } else if (call?.outcome === "REPLAYED") {
    say("Replayed.", "The method did not run; this is the first receipt again.");
  } else if (call?.outcome === "RECONCILED") {
    say("Reconciled.", "The gateway had charged, so the method did not run; this is the receipt.");
  } else {
    say("Executed.", "The method ran, and its receipt is recorded.");
  }
}

async function sendTen() {
  const id = currentId();
  const before = newestNumber();
  say("Sending ten…", "");
  await Promise.all(Array.from({ length: 10 }, () => pay(id, currentAmount())));
  await refresh();
  const calls = callsOf(id, before);
  const count = outcome => calls.filter(call => call.outcome === outcome).length;
  const parts = Object.keys(LABELS).filter(count).map(outcome => count(outcome) + " " + LABELS[outcome]);
  say(capitalised(inWords(calls.length, "call")) + ", " + inWords(chargesOf(id), "charge") + ".", parts.join(", ") + ".");
}

async function failTwice() {
  freshId();
  const id = currentId();
  say("The gateway fails twice…", "");
  await behave({ failNext: 2 });
  const answer = await pay(id, currentAmount());
  await refresh();
  if (answer.status === 200) {
    say(capitalised(inWords(answer.body.attempts, "attempt")) + ", " + inWords(chargesOf(id), "charge") + ".",
        "Two attempts failed before charging, the next one went through.");
  } else {
    explainOne(id, answer);
  }
}

async function reuse() {
  const id = currentId();
  if (!callsOf(id).some(call => call.status === 200)) {
    say("First the payment itself…", "");
    await pay(id, currentAmount());
  }
  const answer = await pay(id, anotherAmount(currentAmount()));
  await refresh();
  explainOne(id, answer);
}

/** Pays, with a gateway that kills the application in the middle of it, and goes on when somebody has started it again. */
async function kill(halt) {
  freshId();
  await refresh();
  const armed = await behave({ haltNext: halt });
  if (armed.status !== 200) {
    say("Refused with " + armed.status + ".", armed.body.detail ?? "");
    return;
  }
  const payment = { id: currentId(), amount: currentAmount(), halt };
  sessionStorage.setItem(UNANSWERED, JSON.stringify(payment));
  say("Sending…", "");
  await seeThrough(payment);
}

/** The killed payment; null if there is none, or it was answered. */
const unanswered = () => JSON.parse(sessionStorage.getItem(UNANSWERED));

/** Sends the payment no more, so that it stays as the kill left it, for the recoverer or the operator. */
function leave(to) {
  const payment = { ...asked, left: to };
  asked = null;
  sessionStorage.setItem(UNANSWERED, JSON.stringify(payment));
  tellLeft(payment, crash.look === "gone");
}

function leaveToOperator() {
  leave("operator");
  element("operator").scrollIntoView();
  element("operator-name").focus({ preventScroll: true });
}

function tellLeft(payment, gone) {
  const start = gone ? START + (snapshot.durableProfile ?? "h2") : "";
  if (payment.left === "operator") {
    tell("left", "Left to the operator, who finds it below.",
        gone ? "Nobody sends it again. First start the application, without its recoverer:"
          : "Nobody sends it again until it is settled.",
        start && start + WITHOUT_RECOVERY);
  } else {
    tell("left", "Nobody sends it again: the recoverer finishes it.",
        gone ? "Start the application, do nothing, and look:"
          : "It finds the payment when the dead owner's lease has ended, within a minute.",
        start);
  }
}

/** Shows how far the payment is that nobody sends again. */
function showLeft() {
  const payment = unanswered();
  if (!payment?.left || asked) {
    return;
  }
  const recovery = recoveryOf(payment.id);
  if (recovery) {
    sessionStorage.removeItem(UNANSWERED);
    tell("answered",
        recovery.outcome === "RECONCILED" ? "Recovered: it had been charged." : "Recovered: it had not been charged, and now is.",
        "Nobody asked for it again: " + inWords(chargesOf(payment.id), "charge") + ", one receipt, " + recovery.receiptId);
    say("Recovered.", "Send the payment now: it gets the receipt that the recoverer wrote.");
  } else {
    if (crash?.command) {
      say("The application is back.", "Nobody sends the payment again.");
    }
    tellLeft(payment, false);
  }
}

function choosePayment(payment) {
  element("request-id").value = payment.id;
  element("amount").value = payment.amount;
}

/** Sends a payment, the same each time, until it is answered; null if it is left to the operator before. */
async function seeThrough(payment) {
  asked = payment;
  choosePayment(payment);
  tell("sending", payment.left ? "Sending the payment again…" : "Sending a payment that will not be answered…", "");
  const answer = await answered(payment);
  if (!answer) {
    return null;
  }
  asked = null;
  sessionStorage.removeItem(UNANSWERED);
  if (answer.status !== 200) {
    // Not paid, so nobody was killed, and nobody else is to be.
    await behave({ haltNext: "NEVER" });
  }
  await refresh();
  const made = callsOf(payment.id)[0]?.outcome;
  const facts = inWords(chargesOf(payment.id), "charge") + ", one receipt, " + answer.body.receiptId;
  if (answer.status !== 200) {
    tell(null);
  } else if (made === "RECONCILED") {
    tell("answered", "Reconciled: it had been charged.", "The method did not run again: " + facts);
  } else if (recoveryOf(payment.id)) {
    tell("answered", "Replayed: the recoverer had finished it.", capitalised(facts));
  } else if (payment.left) {
    tell("answered", made === "REPLAYED" ? "Replayed: the operator had settled it." : "Executed: it ran once more.",
        capitalised(facts));
  } else if (made === "EXECUTED") {
    tell("answered", "Reconciled: it had not been charged, and now is.", "The method ran, once: " + facts);
  } else {
    tell("answered", "Answered.", capitalised(facts));
  }
  explainOne(payment.id, answer);
  return answer;
}

async function answered(payment) {
  while (asked === payment) {
    try {
      const answer = await pay(payment.id, payment.amount);
      if (answer.status !== 409 || !answer.retryAfter) {
        return answer;
      }
      await refresh();
      explainOne(payment.id, answer);
      for (let seconds = answer.retryAfter; seconds > 0 && asked === payment; seconds--) {
        tell("lease", "It is back, and answers 409: the payment is in progress.",
            "Its dead owner's lease has not ended yet. Asking again in " + seconds + " s, as Retry-After says.");
        await pause(1000);
      }
    } catch (failure) {
      if (asked !== payment) {
        break;
      }
      tell("gone", "The application is gone, killed " + (payment.halt === "BEFORE_CHARGE" ? "before" : "after") + " the charge.",
          "Only the gateway knows. Start it again, and this page sends the same payment again:",
          START + (snapshot.durableProfile ?? "h2"));
      await pause(POLL_MILLISECONDS);
    }
  }
  return null;
}

const pause = milliseconds => new Promise(resume => setTimeout(resume, milliseconds));

function when(id, action, where = "result") {
  element(id).addEventListener("click", () =>
    Promise.resolve(action()).catch(failure => say("That did not work.", String(failure.message ?? failure), where)));
}

// ---- What is shown. Texts from outside go into the page as text only. -------------------------------------------------

function say(headline, detail, where = "result") {
  const strong = document.createElement("strong");
  strong.textContent = headline;
  const span = document.createElement("span");
  span.textContent = detail;
  element(where).replaceChildren(strong, " ", span);
}

function tell(look, headline, detail, command = "") {
  crash = look && { look, headline, detail, command };
  showCrash();
  showCharges();
}

function show() {
  showLeft();
  showRows();
  showCharges();
  showCrash();
  const latency = String(snapshot.latencyMilliseconds);
  for (const radio of document.querySelectorAll("#latency input")) {
    radio.checked = radio.value === latency;
  }
}

function showCrash() {
  const durable = snapshot.durableProfile !== null;
  const told = crash ?? {
    look: "",
    headline: "Kill the application in the middle of a payment",
    detail: durable
      ? "A real halt: nothing is cleaned up, nobody is answered. Start it again then, and see the payment through."
      : "Records are in memory here, and would be gone with it. Start it on a durable profile instead:",
    command: durable ? "" : START + "h2"
  };
  element("crash").className = "card crash " + told.look;
  // Written only where it differs, so that it is read aloud, and can be selected, once.
  for (const part of ["headline", "detail", "command"]) {
    if (element("crash-" + part).textContent !== told[part]) {
      element("crash-" + part).textContent = told[part];
    }
  }
  for (const button of ["kill-before", "kill-after"]) {
    element(button).hidden = !durable || ["sending", "gone", "lease", "left"].includes(told.look);
  }
  // Whoever starts it decides whether it recovers.
  element("nothing").hidden = told.look !== "gone" && (told.look !== "lease" || !snapshot.recovers);
  element("leave").hidden = told.look !== "gone" && (told.look !== "lease" || snapshot.recovers);
  element("resume").hidden = told.look !== "left";
}

function showRows() {
  const numbers = new Set(snapshot.calls.map(call => call.number));
  for (const [number, row] of shownRows) {
    if (!numbers.has(number)) {
      row.remove();
      shownRows.delete(number);
    }
  }
  let previous = null;
  snapshot.calls.forEach((call, index) => {
    let row = shownRows.get(call.number);
    if (!row) {
      row = document.createElement("tr");
      shownRows.set(call.number, row);
    }
    const expected = previous ? previous.nextSibling : element("rows").firstChild;
    if (expected !== row) {
      element("rows").insertBefore(row, expected);
    }
    fill(row, call);
    const next = snapshot.calls[index + 1];
    row.className = next && next.requestId !== call.requestId ? "boundary" : "";
    previous = row;
  });
  element("empty").hidden = snapshot.calls.length > 0;
}

function fill(row, call) {
  const text = JSON.stringify(call);
  if (row.dataset.shown === text) {
    return;
  }
  row.dataset.shown = text;
  const badge = document.createElement("span");
  const label = call.recovered && RECOVERED[call.outcome] || LABELS[call.outcome];
  badge.className = "badge " + label.replace(" ", "-");
  badge.textContent = label;
  row.replaceChildren(
    cell(time(call.arrivedAt), "mono faint"),
    cell(call.requestId ?? "–", "mono id", call.requestId),
    cell(call.amount ?? "–", call.amount ? "number" : "number blank"),
    cell(badge, ""),
    cell(call.attempts ?? "–", call.attempts ? "number" : "number blank"),
    cell(took(call.milliseconds), "number"),
    call.recovered ? cell("–", "number blank", "Nobody called") : cell(call.status ?? "…", "number"),
    cell(call.receiptId ? call.receiptId.slice(0, 8) + "…" : "–", call.receiptId ? "mono" : "mono blank", call.receiptId));
}

function cell(content, classes, title) {
  const td = document.createElement("td");
  td.className = classes;
  td.append(content instanceof Node ? content : String(content));
  if (title) {
    td.title = title;
  }
  return td;
}

function time(instant) {
  const date = new Date(instant);
  return date.toLocaleTimeString("en-GB") + "." + String(date.getMilliseconds()).padStart(3, "0");
}

const took = milliseconds =>
  milliseconds < 1000 ? milliseconds + " ms" : (milliseconds / 1000).toFixed(1) + " s";

function showCharges() {
  const id = currentId();
  const charges = chargesOf(id);
  const calls = callsOf(id).length;
  const gone = Boolean(crash?.command);
  element("charges").textContent = gone ? "?" : charges;
  element("charges").className = "big" + (gone || charges === 0 ? " none" : charges > 1 ? " alarm" : "");
  element("verdict").textContent =
    gone ? "Nobody to ask" : calls === 0 && !recoveryOf(id) ? "No call yet" : capitalised(inWords(calls, "call")) + ", " + inWords(charges, "charge");
  element("charged-id").textContent = id;
  const armed = snapshot.haltNext !== "NEVER";
  element("mood").hidden = gone || (snapshot.failNext === 0 && !armed);
  element("mood").textContent = armed ? "Kills at its next charge"
    : "Fails its next " + inWords(snapshot.failNext, "call");
  element("others").replaceChildren(...snapshot.charged.filter(other => other.requestId !== id).map(otherRequest));
  element("curl").textContent = "curl " + location.origin + "/payments --json '"
    + JSON.stringify({ id, account: "acc-7", amount: currentAmount(), currency: "EUR" }).replaceAll("'", "\\u0027") + "'";
}

function otherRequest(other) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  name.className = "mono";
  name.textContent = other.requestId;
  const count = document.createElement("span");
  count.className = other.charges > 1 ? "count alarm" : "count";
  count.textContent = inWords(callsOf(other.requestId).length, "call") + ", " + inWords(other.charges, "charge");
  item.append(name, count);
  return item;
}

// ---- Orders ---------------------------------------------------------------------------------------------------------

const REASONS = {
  200: "OK", 201: "Created", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 409: "Conflict",
  413: "Content Too Large", 422: "Unprocessable Content", 429: "Too Many Requests", 500: "Internal Server Error",
  502: "Bad Gateway", 503: "Service Unavailable"
};
// What clients act on; other headers of a response are folded.
const TOLD = ["idempotency-replayed", "retry-after", "link", "location", "content-type", "www-authenticate"];
const SHOWN_EXCHANGES = 50;

// The order that is repeated: its caller, headers and content; null before the first.
let lastOrder = null;

const chosen = name => document.querySelector("input[name=" + name + "]:checked").value;
const base64 = text => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
const inShell = text => "'" + text.replaceAll("'", "'\\''") + "'";
// The customers' passwords are their names.
const credentials = (caller, password = caller) =>
  caller ? { "Authorization": "Basic " + base64(caller + ":" + password) } : {};

/** The header as it is sent: a String of RFC 8941, or the bare text as most clients send it. */
function keyHeader() {
  const key = element("key").value;
  return chosen("quoted") === "true" ? '"' + key.replace(/["\\]/g, "\\$&") + '"' : key;
}

function currentOrder() {
  const caller = chosen("caller");
  const quantity = element("quantity").value;
  return {
    caller,
    headers: { ...credentials(caller), ...(element("key").value ? { "Idempotency-Key": keyHeader() } : {}) },
    content: { item: element("item").value, quantity: /^-?\d{1,9}$/.test(quantity) ? Number(quantity) : quantity }
  };
}

async function send(order) {
  tellOrder("Sending…", "");
  lastOrder = order;
  const answer = await post("/orders", order.content, order.headers);
  showExchange(answer, order.caller || "nobody");
  await refreshOrders();
  return answer;
}

function explainOrder(answer) {
  if (answer.status !== 201) {
    tellOrder("Refused with " + answer.status + ".", answer.body.detail ?? answer.body.error ?? "");
  } else if (answer.received.has("Idempotency-Replayed")) {
    tellOrder("Replayed.", "The handler did not run; this is the first response again.");
  } else {
    tellOrder("Placed.", "The handler ran, and its response is recorded.");
  }
}

const orderOnce = async () => explainOrder(await send(currentOrder()));

const orderAgain = async () => explainOrder(await send(lastOrder ?? currentOrder()));

async function orderChanged() {
  const order = currentOrder();
  if (JSON.stringify(lastOrder) !== JSON.stringify(order)) {
    // First the order itself, so that its key is used.
    await send(order);
  }
  const changed = { ...order, content: { ...order.content, quantity: Number(order.content.quantity) + 1 } };
  explainOrder(await send(changed));
  // What is repeated is the order itself.
  lastOrder = order;
}

async function orderTwice() {
  freshKey();
  const order = currentOrder();
  const answers = await Promise.all([send(order), send(order)]);
  const placed = answers.filter(answer => answer.status === 201 && !answer.received.has("Idempotency-Replayed")).length;
  const others = answers.filter(answer => answer.received.has("Idempotency-Replayed")).map(() => "one replayed")
      .concat(answers.filter(answer => answer.status !== 201).map(answer => "one refused with " + answer.status));
  tellOrder("Two requests, " + inWords(placed, "order") + ".", capitalised(others.join(", ")) + ".");
}

function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  element("key").value = Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
  showOrderCurl();
}

/** Fetches and shows the caller's orders; those that were placed from a terminal, too. */
async function refreshOrders() {
  const caller = chosen("caller");
  const response = await fetch("/orders", { headers: credentials(caller), credentials: "omit", cache: "no-store" });
  const answer = response.ok ? await response.json() : { count: null, orders: [] };
  if (caller === chosen("caller")) {
    showOrders(caller, answer);
  }
}

const tellOrder = (headline, detail) => say(headline, detail, "order-result");

function showOrders(caller, answer) {
  element("order-count").textContent = answer.count ?? "?";
  element("order-count").className = "big" + (answer.count ? "" : " none");
  element("order-verdict").textContent =
    answer.count === null ? "Nobody is told" : answer.count === 0 ? "No order yet" : capitalised(inWords(answer.count, "order"));
  element("customer").textContent = caller || "nobody";
  element("order-list").replaceChildren(...answer.orders.slice(-SHOWN_EXCHANGES).reverse().map(order => {
    const item = document.createElement("li");
    item.title = order.orderId;
    item.append(styled("span", order.orderId.slice(0, 8) + "…", "mono"), styled("span", order.quantity + " × " + order.item, "count"));
    return item;
  }));
  showOrderCurl();
}

function showOrderCurl() {
  const order = currentOrder();
  element("order-curl").textContent = "curl -i " + location.origin + "/orders"
    + (order.caller ? " -u " + order.caller + ":" + order.caller : "")
    + (order.headers["Idempotency-Key"] ? " -H " + inShell("Idempotency-Key: " + order.headers["Idempotency-Key"]) : "")
    + " --json " + inShell(JSON.stringify(order.content));
}

/** Shows what was sent and received, above what was before. */
function showExchange(exchange, who) {
  const article = styled("article", "", "exchange");
  const replayed = exchange.received.has("Idempotency-Replayed");
  const look = replayed ? "replayed" : exchange.status < 400 ? "executed" : exchange.status === 409 ? "in-progress"
    : exchange.status < 500 ? "refused" : "failed";
  const head = document.createElement("h3");
  const status = exchange.status + " " + (REASONS[exchange.status] ?? "");
  head.append(styled("span", status + (replayed ? ", replayed" : ""), "badge " + look), who, styled("span", time(Date.now()), "mono"));

  const request = document.createElement("div");
  const sent = [["Host", location.host], ...Object.entries(exchange.headers)];
  request.append(
    lines("POST " + exchange.path, sent, name => name === "Idempotency-Key"),
    styled("pre", exchange.sent, "body"));

  const response = document.createElement("div");
  const received = Array.from(exchange.received, ([name, value]) => [name.replace(/(^|-)[a-z]/g, letter => letter.toUpperCase()), value]);
  const told = received.filter(([name]) => TOLD.includes(name.toLowerCase()));
  const others = received.filter(([name]) => !TOLD.includes(name.toLowerCase()));
  response.append(lines(status, told, name => name !== "Content-Type"));
  if (others.length > 0) {
    const folded = document.createElement("details");
    folded.append(styled("summary", "and " + inWords(others.length, "other header"), ""), lines("", others, () => false));
    response.append(folded);
  }
  response.append(styled("pre", exchange.text, "body"));

  const sides = styled("div", "", "sides");
  sides.append(request, response);
  article.append(head, sides);
  element("exchanges").prepend(article);
  while (element("exchanges").childElementCount > SHOWN_EXCHANGES) {
    element("exchanges").lastElementChild.remove();
  }
}

/** A first line, and headers below it; the important ones are emphasised. */
function lines(first, headers, important) {
  const pre = styled("pre", first, "");
  for (const [name, value] of headers) {
    const line = name + ": " + value;
    pre.append(pre.hasChildNodes() ? "\n" : "", important(name) ? styled("b", line, "") : line);
  }
  return pre;
}

function styled(tag, text, classes) {
  const made = document.createElement(tag);
  made.className = classes;
  made.textContent = text;
  return made;
}

// ---- Start ------------------------------------------------------------------------------------------------------------

when("one", sendOne);
when("ten", sendTen);
when("fail", failTwice);
when("reuse", reuse);
when("kill-before", () => kill("BEFORE_CHARGE"));
when("kill-after", () => kill("AFTER_CHARGE"));
when("leave", leaveToOperator);
when("nothing", () => leave("recoverer"));
when("resume", () => seeThrough(unanswered()));
when("fresh", () => { freshId(); say("A fresh id.", "The next payment is a new one."); });
when("clear", async () => {
  await fetch("/page/calls", { method: "DELETE" });
  freshId();
  await refresh();
  say("Cleared, and a fresh id.", "The gateway keeps its charges, and the library its receipts.");
});
element("request-id").addEventListener("input", showCharges);
element("amount").addEventListener("input", showCharges);
for (const radio of document.querySelectorAll("#latency input")) {
  radio.addEventListener("change", () => behave({ latency: radio.value + "ms" }).then(refresh).catch(() => say("The application does not answer.", "Is it still running?")));
}
when("order", orderOnce, "order-result");
when("order-again", orderAgain, "order-result");
when("order-changed", orderChanged, "order-result");
when("order-twice", orderTwice, "order-result");
when("fresh-key", () => { freshKey(); tellOrder("A new key.", "The next order is another one."); }, "order-result");
for (const id of ["item", "quantity", "key", "quoted"]) {
  element(id).addEventListener("input", showOrderCurl);
}
const showCaller = () => refreshOrders().catch(() => tellOrder("The application does not answer.", "Is it still running?"));
element("caller").addEventListener("change", showCaller);
window.addEventListener("focus", showCaller);
freshId();
poll();
showCaller();
if (unanswered()?.left) {
  choosePayment(unanswered());
  tellLeft(unanswered(), false);
} else if (unanswered()) {
  seeThrough(unanswered()).catch(failure => say("That did not work.", String(failure.message ?? failure)));
}
