package io.idempotent.spring.recovery.kill;

import io.idempotent.kill.Kill;
import io.idempotent.kill.order.Effect;
import io.idempotent.kill.order.Told;
import java.util.List;
import java.util.Map;

/**
 * What happened in a run.
 *
 * @param orders the numbers of the orders that were placed
 * @param told by all nodes; what one process told in order
 * @param effects that the ledger counted, in order
 * @param kills of processes
 * @param endings what the store has of each order that ended
 */
record RecoveryHistory(
        List<Integer> orders, List<Told> told, List<Effect> effects, List<Kill> kills, Map<Integer, Ending> endings) {

    /**
     * How an order ended.
     *
     * @param declined whether a failure is recorded
     * @param text the value, or what the failure says
     * @param at when, in microseconds of the store's clock, which is this machine's
     */
    record Ending(boolean declined, String text, long at) {}
}
