package io.idempotent.kill;

import io.idempotent.kill.Journal.Entry;
import io.idempotent.kill.Journal.Event;
import io.idempotent.kill.Payments.Payment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Whether the promise held in a run. For each key:
 *
 * <ol>
 *   <li>Everybody who asked has an answer, and all answers are equal: the receipt of the payment with the highest
 *       token.
 *   <li>Each payment was made under a claim that the store granted to that process, and no two under one claim.
 *   <li>A claim begins after the one before it is over: released, or its lease ended, counted from the claim and from
 *       each renewal. Nothing is claimed after it was completed. So no two owners were ever live.
 *   <li>The owner of each payment but the last was killed, after it had paid and before its claim was taken over; or
 *       was so slow that its lease ended: it was told so by the store, or its JVM was at a standstill, since none of
 *       its threads had written anything for half a lease. There is no other way to a second payment.
 * </ol>
 *
 * <p>Where payments are atomic with their record, there is no second payment at all.
 *
 * @param violations what broke the promise; empty if it held
 * @param explained second payments that the promise allows, and why each was made
 * @param summary what happened, in figures
 */
public record Verdict(List<String> violations, List<String> explained, String summary) {

    // A token is the store's clock, or one more than the last of a claim within the same microsecond.
    private static final long TOLERANCE = 1_000;

    /** For leased operations. */
    public static Verdict onLeased(History history, Duration lease) {
        return new Judge(history, lease, false).verdict();
    }

    /** For operations that are atomic with their record; the nodes write no journal of claims. */
    public static Verdict onAtomic(History history) {
        return new Judge(history, Duration.ZERO, true).verdict();
    }

    /** All of it, for the log of the build. */
    public String report() {
        List<String> lines = new ArrayList<>();
        lines.add(summary);
        lines.add(explained.size() + " second payments, each explained:");
        explained.forEach(line -> lines.add("  " + line));
        violations.forEach(line -> lines.add("  VIOLATION: " + line));
        return String.join(System.lineSeparator(), lines);
    }

    private static final class Judge {

        private record ClaimOfKey(String key, long token) {}

        private final History history;
        private final long lease;
        private final boolean atomic;
        private final Map<Long, Kill> kills = new HashMap<>();
        private final Map<String, List<Payment>> payments = new TreeMap<>();
        private final Map<String, Set<String>> answers = new TreeMap<>();
        private final Map<String, NavigableSet<Long>> tokens = new HashMap<>();
        private final Map<ClaimOfKey, Long> claimants = new HashMap<>();
        private final Map<ClaimOfKey, Long> leaseStarts = new HashMap<>();
        private final Map<Long, NavigableSet<Long>> writtenAt = new HashMap<>();
        private final Set<ClaimOfKey> completed = new HashSet<>();
        private final Set<ClaimOfKey> released = new HashSet<>();
        private final Set<ClaimOfKey> lost = new HashSet<>();
        private final List<String> violations = new ArrayList<>();
        private final List<String> explained = new ArrayList<>();

        Judge(History history, Duration lease, boolean atomic) {
            this.history = history;
            this.lease = lease.toNanos() / 1_000;
            this.atomic = atomic;
            history.kills().forEach(kill -> kills.put(kill.process(), kill));
            history.entries().forEach(this::take);
            for (Payment payment : history.payments()) {
                payments.computeIfAbsent(payment.key(), key -> new ArrayList<>())
                        .add(payment);
                tokens.computeIfAbsent(payment.key(), key -> new TreeSet<>()).add(payment.token());
            }
            payments.values().forEach(ofKey -> ofKey.sort(Comparator.comparingLong(Payment::token)));
        }

        private void take(Entry entry) {
            ClaimOfKey claim = new ClaimOfKey(entry.key(), entry.token());
            writtenAt
                    .computeIfAbsent(entry.process(), process -> new TreeSet<>())
                    .add(entry.at());
            switch (entry.event()) {
                case ASKED -> answers.computeIfAbsent(entry.key(), key -> new TreeSet<>());
                case ANSWERED ->
                    answers.computeIfAbsent(entry.key(), key -> new TreeSet<>()).add(entry.answer());
                case CLAIMED -> {
                    claimants.put(claim, entry.process());
                    tokens.computeIfAbsent(entry.key(), key -> new TreeSet<>()).add(entry.token());
                }
                case RENEWED -> leaseStarts.merge(claim, entry.at(), Math::max);
                case COMPLETED -> completed.add(claim);
                case RELEASED -> released.add(claim);
                case LOST -> lost.add(claim);
            }
        }

        Verdict verdict() {
            answers.forEach(this::judgeAnswers);
            payments.forEach((key, ofKey) -> {
                judgePayments(key, ofKey);
            });
            if (!atomic) {
                tokens.forEach(this::judgeClaims);
            }
            return new Verdict(List.copyOf(violations), List.copyOf(explained), summary());
        }

        private void judgeAnswers(String key, Set<String> ofKey) {
            List<Payment> made = payments.getOrDefault(key, List.of());
            if (ofKey.size() != 1) {
                violations.add("%s has %d different answers".formatted(key, ofKey.size()));
            } else if (made.isEmpty()
                    || !ofKey.contains(made.get(made.size() - 1).receipt())) {
                violations.add(key + " is answered with a receipt that is not its last payment's");
            }
        }

        private void judgePayments(String key, List<Payment> ofKey) {
            for (int index = 0; index < ofKey.size(); index++) {
                Payment payment = ofKey.get(index);
                ClaimOfKey claim = new ClaimOfKey(key, payment.token());
                if (!atomic && !Long.valueOf(payment.process()).equals(claimants.get(claim))) {
                    violations.add("%s was paid by process %d under token %d, which it has not claimed"
                            .formatted(key, payment.process(), payment.token()));
                }
                if (index < ofKey.size() - 1) {
                    judgeSecondPayment(payment, ofKey.get(index + 1));
                }
            }
        }

        private void judgeSecondPayment(Payment first, Payment second) {
            String key = first.key();
            if (atomic || first.token() == second.token()) {
                violations.add("%s was paid twice%s: by process %d at %d, and by process %d at %d"
                        .formatted(
                                key,
                                atomic ? "" : " under one claim",
                                first.process(),
                                first.at(),
                                second.process(),
                                second.at()));
                return;
            }
            long takenOverAt = tokens.get(key).higher(first.token());
            Kill kill = kills.get(first.process());
            if (kill != null && first.at() <= kill.after() && kill.before() <= takenOverAt) {
                explained.add(
                        "%s: paid by process %d, killed %.1f ms later without completing, taken over %.1f ms after that"
                                .formatted(
                                        key,
                                        first.process(),
                                        (kill.after() - first.at()) / 1e3,
                                        (takenOverAt - kill.after()) / 1e3));
            } else if (lost.contains(new ClaimOfKey(key, first.token()))
                    || isAtStandstill(first.process(), takenOverAt)) {
                explained.add("%s: paid by process %d, which was so slow that its lease ended; taken over %.1f ms later"
                        .formatted(key, first.process(), (takenOverAt - first.at()) / 1e3));
            } else {
                violations.add("%s was paid by process %d, and again by process %d, though the first was alive"
                        .formatted(key, first.process(), second.process()));
            }
        }

        private boolean isAtStandstill(long process, long at) {
            Long lastWritten = writtenAt.getOrDefault(process, new TreeSet<>()).floor(at);
            return lastWritten != null && at - lastWritten > lease / 2;
        }

        private void judgeClaims(String key, NavigableSet<Long> ofKey) {
            for (Long token : ofKey) {
                Long next = ofKey.higher(token);
                if (next == null) {
                    return;
                }
                ClaimOfKey claim = new ClaimOfKey(key, token);
                long leaseEnd = Math.max(token, leaseStarts.getOrDefault(claim, token)) + lease;
                if (completed.contains(claim)) {
                    violations.add("%s was claimed %.1f ms after a claim that was completed"
                            .formatted(key, (next - token) / 1e3));
                } else if (!released.contains(claim) && next < leaseEnd - TOLERANCE) {
                    violations.add("%s had two live owners: claimed %.1f ms before the last lease ended"
                            .formatted(key, (leaseEnd - next) / 1e3));
                }
            }
        }

        private String summary() {
            return "%d kills, %d keys, %d answers, %d claims, %d take-overs, %d payments"
                    .formatted(
                            history.kills().size(),
                            answers.size(),
                            count(Event.ANSWERED),
                            count(Event.CLAIMED),
                            tokens.values().stream().mapToLong(Collection::size).sum() - tokens.size(),
                            history.payments().size());
        }

        private long count(Event event) {
            return history.entries().stream()
                    .filter(entry -> entry.event() == event)
                    .count();
        }
    }
}
