package io.idempotent.kill;

import io.idempotent.kill.Journal.Entry;
import io.idempotent.kill.Payments.Payment;
import java.util.List;

/**
 * What happened in a run.
 *
 * @param entries of all journals; those of one process in order
 * @param payments that were made
 * @param kills of all processes but the one that asked last
 */
public record History(List<Entry> entries, List<Payment> payments, List<Kill> kills) {}
