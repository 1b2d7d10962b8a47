"use strict";

const ENDPOINT = "/actuator/idempotency";
const PAYMENTS = "payment-service-pay";
const REFUSALS = {
  400: "That cannot be done.",
  401: "Nobody with this name and password.",
  403: "This user may not see or settle keys.",
  404: "The key is free: there is nothing to settle.",
  409: "Not settled: look at it again.",
  503: "The store does not answer. It may be done or not: look again."
};
const ACTIONS = {
  complete: { done: "Completed", means: "It was done, and returned this. From now on, each call gets this value." },
  fail: { done: "Failed", means: "It was done, and failed for good. From now on, each call gets this failure." },
  release: { done: "Released", means: "It was not done. The next call runs it, and recorded steps stay." },
  forget: { done: "Forgotten", means: "Nothing of it matters. The next call runs it, as if it were the first." }
};
const WHEN_ABANDONED = {
  "refuse": "calls are refused until somebody settles it.",
  "reconcile": "the next call asks what became of it. Settle it before, or if that cannot tell.",
  "run-again": "the next call runs it again. Settle it before, if that must not be."
};

const SAME = ["operation", "scope", "key", "fencingToken"];

// What holds for each operation, as the endpoint told it last.
let operations = [];
// The record that is looked at, as it was seen; null if there is none.
let seen = null;
let laterLook = 0;

// ---- Talking to the endpoint ----------------------------------------------------------------------------------------

const tellOperator = (headline, detail) => say(headline, detail, "operator-result");
const operator = () => element("operator-name").value;
const asOperator = () => credentials(operator(), element("operator-password").value);
const addressOf = operation => ENDPOINT + "/" + encodeURIComponent(operation);
const query = parameters => {
  const given = Object.entries(parameters).filter(([, value]) => value);
  return given.length > 0 ? "?" + new URLSearchParams(given) : "";
};

/** Asks, and tells in plain words what was refused; null then. */
async function ask(method, path, content) {
  const headers = content ? { "Content-Type": "application/json", ...asOperator() } : asOperator();
  const answer = await request(method, path, headers, content && JSON.stringify(content));
  showOperatorCurl(path, content);
  if (answer.status === 200) {
    return answer.body;
  }
  tellOperator(REFUSALS[answer.status] ?? "Refused with " + answer.status + ".", answer.body.detail ?? "");
  element("operator-result").scrollIntoView({ block: "nearest" });
  return null;
}

/** Lists what has no outcome. */
async function list() {
  const answer = await ask("GET", ENDPOINT + query({ state: chosen("state") }));
  if (!answer) {
    return null;
  }
  operations = answer.operations;
  showFound(answer.records);
  return answer;
}

async function find() {
  forgetSeen();
  const answer = await list();
  if (answer) {
    const count = answer.records.length;
    tellOperator(
      (count === 0 ? "Nothing" : capitalised(inWords(count, "record"))) + " without an outcome"
        + (answer.next ? ", and more." : "."),
      count === 0 ? "" : "Choose one, and see what is known of it.");
    lookWhenLeasesEnd(answer.records);
  }
}

/** Looks once more when the leases that are seen are over; what is then seen says who is dead. */
function lookWhenLeasesEnd(records) {
  clearTimeout(laterLook);
  const left = records.filter(record => record.state === "in-progress" && record.leaseEndsAt)
      .map(record => Date.parse(record.leaseEndsAt) - Date.parse(record.since) - milliseconds(record.age));
  if (left.length > 0) {
    laterLook = setTimeout(() => list().then(() => seen && look(seen)).catch(failed), Math.max(0, ...left) + 500);
  }
}

/** Fetches and shows a record; null if there is none any more. */
async function look(record) {
  const shown = await ask("GET", addressOf(record.operation) + query({ key: record.key, scope: record.scope }));
  if (!shown) {
    forgetSeen();
    return null;
  }
  const charges = shown.operation === PAYMENTS
    ? (await request("GET", "/gateway/charges" + query({ requestId: shown.key }), {})).body.charges : null;
  const same = seen && SAME.every(part => seen[part] === shown[part]) && settled(seen) === settled(shown);
  seen = shown;
  showRecord(charges);
  if (!same) {
    suggest(charges);
  }
  return shown;
}

async function choose(record) {
  if (await look(record)) {
    tellOperator("Seen as it is.", "Settle it with this fencing token. If it is another by then, nothing happens.");
    element("shown-title").focus();
  }
}

async function settle() {
  const action = chosen("action");
  const record = seen;
  const answer = await ask("POST", addressOf(record.operation), {
    key: record.key,
    ...(record.scope ? { scope: record.scope } : {}),
    fencingToken: record.fencingToken,
    action,
    why: element("why").value,
    ...(action === "complete" && element("value").value ? { value: element("value").value } : {}),
    ...(action === "fail" ? { failure: element("failure").value, message: element("failure-message").value } : {})
  });
  if (!answer) {
    return;
  }
  await list();
  if (action === "forget") {
    forgetSeen();
  } else {
    await look(record);
  }
  tellOperator(
    ACTIONS[action].done + " by " + answer.who + ": " + answer.why + ".",
    "The log and an audit event say so.");
  element("again").hidden = record.operation !== PAYMENTS;
  element("again").dataset.key = record.key;
  element(element("again").hidden ? "list" : "again").focus();
}

/** Sends the payment that was settled once more, as its client would. */
async function sendAgain() {
  const key = element("again").dataset.key;
  const killed = unanswered();
  tellOperator("Sending…", "");
  const answer = await seeThrough(killed?.id === key ? killed : { id: key, amount: currentAmount(), left: true });
  const replayed = callsOf(key)[0]?.outcome === "REPLAYED";
  if (answer?.status === 200) {
    tellOperator(replayed ? "Replayed." : "Executed.", (replayed ? "The method did not run: " : "The method ran: ")
        + inWords(chargesOf(key), "charge") + ", one receipt, " + answer.body.receiptId);
    element("again").hidden = replayed;
  } else if (answer) {
    tellOperator("Refused with " + answer.status + ".", answer.body.detail ?? "");
  }
}

// ---- What is shown. Texts from outside go into the page as text only. -----------------------------------------------

const STATES = { "in-progress": "in-progress", "abandoned": "refused", "completed": "executed", "released": "waiting" };
const stateBadge = state => styled("span", state.replace("-", " "), "badge " + STATES[state]);
const settled = record => !["in-progress", "abandoned"].includes(record.state);
const failuresOf = record => operations.find(operation => operation.name === record.operation)?.recordFailures ?? [];
const second = instant => new Date(instant).toLocaleString("en-GB");

function milliseconds(duration) {
  const [, hours = 0, minutes = 0, seconds = 0] = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?$/.exec(duration) ?? [];
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
}

function lasted(duration) {
  const minutes = Math.floor(milliseconds(duration) / 60000);
  return minutes === 0 ? Math.floor(milliseconds(duration) / 1000) + " s"
    : minutes < 60 ? minutes + " min" : Math.floor(minutes / 60) + " h " + minutes % 60 + " min";
}

function showFound(records) {
  element("found").hidden = false;
  element("records").closest("table").hidden = records.length === 0;
  element("records").replaceChildren(...records.map(record => {
    const row = document.createElement("tr");
    const open = styled("button", "Show", "plain");
    open.setAttribute("aria-label", "Show " + record.key);
    open.addEventListener("click", () => choose(record).catch(failed));
    row.append(
      cell(record.key, "mono id", record.key),
      cell(record.operation, "id", record.operation),
      cell(stateBadge(record.state), ""),
      cell(lasted(record.age), "number"),
      cell(record.takeovers, "number"),
      cell(record.traceId ?? "none", record.traceId ? "mono id" : "mono blank", record.traceId),
      cell(open, ""));
    return row;
  }));
  element("declared").replaceChildren(...operations.map(operation => {
    const item = document.createElement("li");
    item.append(styled("code", operation.name, ""), " abandoned: ",
        operation.atomic ? "never, as it is one transaction."
          : (WHEN_ABANDONED[operation.whenAbandoned] ?? operation.whenAbandoned)
            .replace("the next call", operation.recover ? "the next call or the recoverer" : "the next call"));
    return item;
  }));
}

function forgetSeen() {
  seen = null;
  element("shown").hidden = true;
  element("again").hidden = true;
}

function showRecord(charges) {
  const outcome = seen.outcome;
  element("shown").hidden = false;
  element("shown-title").replaceChildren(styled("span", seen.key, "mono"), " ", stateBadge(seen.state));
  element("facts").replaceChildren(...Object.entries({
    "Operation": seen.operation + (seen.known ? "" : ", not declared here"),
    "Scope": seen.scope,
    "First claimed": second(seen.firstClaimedAt),
    "Last claimed": second(seen.claimedAt),
    "Lease ends": seen.state === "in-progress" && seen.leaseEndsAt && second(seen.leaseEndsAt),
    "Abandoned since": seen.state === "abandoned" && second(seen.since),
    "Settled": settled(seen) && second(seen.since),
    "Kept until": seen.retainedUntil && second(seen.retainedUntil),
    "Take-overs": String(seen.takeovers),
    "Fencing token": String(seen.fencingToken),
    "Trace id": seen.traceId ?? "none",
    "Store": seen.store,
    "Final failures": failuresOf(seen).join("\n") || "none declared",
    "Steps": seen.steps.map(step => step.name + ": " + step.state).join("\n") || "none",
    "Outcome": outcome && [outcome.kind, outcome.failure, outcome.message, outcome.problem,
      outcome.value === undefined ? "" : JSON.stringify(outcome.value, null, 2)].filter(Boolean).join("\n"),
    "At the gateway": charges === null ? "" : charges === 0 ? "not charged" : inWords(charges, "charge")
  }).filter(([, fact]) => fact).map(([name, fact]) => {
    const pair = document.createElement("div");
    pair.append(styled("dt", name, ""), styled("dd", fact, ""));
    return pair;
  }));
}

/** Fills the form with what can be done to the record, and of that with what the gateway makes likely. */
function suggest(charges) {
  const failures = failuresOf(seen);
  const possible = {
    complete: seen.known && !settled(seen),
    fail: failures.length > 0 && !settled(seen),
    release: !settled(seen),
    forget: true
  };
  for (const radio of document.querySelectorAll("#action input")) {
    radio.disabled = !possible[radio.value];
  }
  const likely = charges === 0 && possible.release ? "release" : Object.keys(possible).find(action => possible[action]);
  document.querySelector("#action input[value=" + likely + "]").checked = true;
  element("failure").replaceChildren(...failures.map(type => styled("option", type, "")));
  element("failure-message").value = "";
  const amount = unanswered()?.id === seen.key ? unanswered().amount : "?";
  element("value").value = seen.operation !== PAYMENTS ? "" : JSON.stringify(
      { requestId: seen.key, receiptId: crypto.randomUUID?.() ?? "?", amount, currency: "EUR", attempts: 0 }, null, 2);
  element("why").value = charges === null || settled(seen) ? ""
    : charges === 0 ? "the gateway has not charged it" : "the gateway has charged it";
  showAction();
}

function showAction() {
  const action = chosen("action");
  element("action-means").textContent = ACTIONS[action].means;
  element("value-field").hidden = action !== "complete";
  element("failure-field").hidden = action !== "fail";
}

function showOperatorCurl(path, content) {
  element("operator-curl").textContent = "curl -u " + inShell(operator()) + " " + inShell(location.origin + path)
    + (content ? " --json " + inShell(JSON.stringify(content)) : "");
}

// ---- Start ----------------------------------------------------------------------------------------------------------

const failed = failure => tellOperator("The application does not answer.", failure instanceof TypeError
  ? "Start it again, and look again." : String(failure.message ?? failure));

for (const [form, action] of [["find", find], ["settle", settle]]) {
  element(form).addEventListener("submit", event => {
    event.preventDefault();
    action().catch(failed);
  });
}
element("action").addEventListener("change", showAction);
when("again", sendAgain, "operator-result");
