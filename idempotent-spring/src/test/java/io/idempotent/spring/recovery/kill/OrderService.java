package io.idempotent.spring.recovery.kill;

import io.idempotent.IdempotencyContext;
import io.idempotent.Steps;
import io.idempotent.kill.order.CrashPoint.Moment;
import io.idempotent.kill.order.CrashSite;
import io.idempotent.kill.order.Ledger;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.recovery.kill.OrderPlan.Declined;
import java.util.StringJoiner;

/** Places orders, each step by the ledger. */
class OrderService {

    /** The operation's name. */
    static final String OPERATION = "place-and-recover";

    private final CrashSite site;
    private final Ledger ledger;

    OrderService(CrashSite site, Ledger ledger) {
        this.site = site;
        this.ledger = ledger;
    }

    /**
     * Places an order. The lease, as short as a busy machine allows, is how long a killed owner blocks its order.
     *
     * @return the receipts of its steps
     * @throws DeclinedException if it is declined; its steps are undone then
     */
    @Idempotent(
            key = "#order.number",
            operation = OPERATION,
            lease = "3s",
            compensateOn = DeclinedException.class,
            // A loaded machine may lose leases too, and no order is to be left for a person over that.
            recover = @Idempotent.Recover(after = "0s", maxTakeovers = 20))
    public String place(PlacedOrder order) {
        OrderPlan plan = new OrderPlan(order.number());
        if (!order.items().equals(plan.items())) {
            throw new IllegalArgumentException("This is not what was asked for: " + order);
        }
        Steps steps = IdempotencyContext.current().steps();
        StringJoiner receipts = new StringJoiner(",");
        for (String step : OrderPlan.STEPS) {
            if (!OrderPlan.isUndone(step)) {
                receipts.add(steps.run(step, () -> confirm(plan)));
            } else if (OrderPlan.isAtMostOnce(step)) {
                receipts.add(steps.atMostOnce()
                        .run(
                                step,
                                () -> perform(plan, step, step),
                                () -> ledger.find(plan.number(), step),
                                receipt -> undo(plan, step, receipt)));
            } else {
                receipts.add(steps.run(step, () -> perform(plan, step, step), receipt -> undo(plan, step, receipt)));
            }
        }
        return receipts.toString();
    }

    private String confirm(OrderPlan plan) {
        Declined declined = plan.declined();
        boolean recovered = IdempotencyContext.current().recovered();
        if (declined == Declined.ALWAYS || (declined == Declined.AT_FIRST && !recovered)) {
            site.reach(plan.number(), Moment.BEFORE_EFFECT, OrderPlan.CONFIRM);
            throw new DeclinedException("Order " + plan.number() + " is declined");
        }
        return perform(plan, OrderPlan.CONFIRM, OrderPlan.CONFIRM);
    }

    private void undo(OrderPlan plan, String step, String receipt) {
        perform(plan, OrderPlan.COMPENSATE + step, Undone.effectOf(receipt));
    }

    private String perform(OrderPlan plan, String step, String effect) {
        site.reach(plan.number(), Moment.BEFORE_EFFECT, step);
        String receipt = ledger.perform(plan.number(), effect);
        site.reach(plan.number(), Moment.AFTER_EFFECT, step);
        return receipt;
    }
}
