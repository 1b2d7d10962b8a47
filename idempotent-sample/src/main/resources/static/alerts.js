"use strict";

const ARRIVAL_MILLISECONDS = 200;
const ARRIVAL_LOOKS = 50;

// The evaluation that was delivered last, from this page; null before the first.
let lastEvaluation = null;

const tellAlert = (headline, detail) => say(headline, detail, "alert-result");
const instant = row => Date.parse(row.evaluatedAt);

const currentEvaluation = () =>
  ({ ruleId: element("rule").value, evaluatedAt: new Date().toISOString(), value: "97.3" });

/** What there was of the last evaluation. */
const lastOf = counts => counts.find(count => lastEvaluation && count.ruleId === lastEvaluation.ruleId
  && instant(count) === instant(lastEvaluation)) ?? { deliveries: 0, pages: 0 };

async function deliver(evaluation) {
  tellAlert("Delivering…", "");
  lastEvaluation = evaluation;
  const before = lastOf(await refreshAlerts()).deliveries;
  const answer = await post("/alerts/evaluations", evaluation);
  showExchange(answer, evaluation.ruleId);
  if (answer.status !== 202) {
    tellAlert("Refused with " + answer.status + ".", answer.body.detail ?? "");
    return;
  }
  // What goes over a topic arrives a moment later.
  let count = lastOf(await refreshAlerts());
  for (let looks = 1; looks < ARRIVAL_LOOKS && (count.deliveries < before + answer.body.deliveries || !count.pages); looks++) {
    await pause(ARRIVAL_MILLISECONDS);
    count = lastOf(await refreshAlerts());
  }
  tellAlert(verdict(count) + ".", count.pages ? "The first raised it. The others got what is recorded." : "It has not arrived yet.");
}

const inDeliveries = number => number === 1 ? "one delivery" : (NUMBERS[number] ?? number) + " deliveries";
const verdict = count => capitalised(inDeliveries(count.deliveries)) + ", " + inWords(count.pages, "alert");

/** Fetches and shows what arrived, from a terminal too. */
async function refreshAlerts() {
  const response = await fetch("/alerts", { credentials: "omit", cache: "no-store" });
  const counts = await response.json();
  showAlerts(counts);
  return counts;
}

function showAlerts(counts) {
  const count = lastOf(counts);
  element("pages").textContent = count.pages;
  element("pages").className = "big" + (count.pages === 0 ? " none" : count.pages > 1 ? " alarm" : "");
  element("alert-verdict").textContent = count.deliveries ? verdict(count) : "No evaluation yet";
  element("paged-rule").textContent = lastEvaluation?.ruleId ?? element("rule").value;
  element("alert-rows").replaceChildren(...counts.slice(-SHOWN_EXCHANGES).reverse().map(row => {
    const shown = document.createElement("tr");
    shown.append(
      cell(row.ruleId, "mono id", row.ruleId),
      cell(row.evaluatedAt, "mono faint"),
      cell(row.deliveries, "number"),
      cell(row.pages, "number"));
    return shown;
  }));
  element("no-alerts").hidden = counts.length > 0;
  showAlertCurl();
}

function showAlertCurl() {
  element("alert-curl").textContent = "curl " + location.origin + "/alerts/evaluations --json "
    + inShell(JSON.stringify(lastEvaluation ?? currentEvaluation()));
}

// ---- Start ------------------------------------------------------------------------------------------------------------

const showArrived = () =>
  refreshAlerts().catch(() => tellAlert("The application does not answer.", "Is it still running?"));
when("deliver", () => deliver(currentEvaluation()), "alert-result");
when("deliver-again", () => deliver(lastEvaluation ?? currentEvaluation()), "alert-result");
element("rule").addEventListener("input", showArrived);
window.addEventListener("focus", showArrived);
showArrived();
