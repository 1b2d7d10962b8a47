package io.idempotent.kill.order;

import io.idempotent.kill.Kill;
import java.util.List;
import java.util.Map;

/**
 * What happened in a run.
 *
 * @param orders how many orders there were
 * @param told by all nodes; what one process told in order
 * @param effects that the ledger counted, in order
 * @param kills of processes while they placed orders
 * @param abandoned the orders whose records the store lists as abandoned at the end, and their steps: whether each has
 *     an outcome
 */
public record OrderHistory(
        int orders,
        List<Told> told,
        List<Effect> effects,
        List<Kill> kills,
        Map<Integer, Map<String, Boolean>> abandoned) {}
