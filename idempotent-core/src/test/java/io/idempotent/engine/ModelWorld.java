package io.idempotent.engine;

import io.idempotent.engine.Scenario.Caller;
import io.idempotent.engine.Scenario.Transactions;
import io.idempotent.store.ReferenceStore;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The nodes and callers of one schedule, around one store, from their beginning to the call that comes after them. */
final class ModelWorld implements Schedule.World {

    private final Scenario scenario;
    private final Schedule schedule;
    private final Promises promises;
    private final ReferenceStore reference;
    private final ModelStore store;
    private final List<ModelNode> nodes = new ArrayList<>();
    private final List<ModelCall> calls = new ArrayList<>();
    private long nanos;

    ModelWorld(Scenario scenario, Schedule schedule) {
        this.scenario = scenario;
        this.schedule = schedule;
        this.promises = new Promises(scenario, schedule);
        this.reference = scenario.store.get();
        this.store = new ModelStore(reference, schedule, promises);
        for (int node = 0; node < scenario.nodes(); node++) {
            nodes.add(newNode());
        }
        for (Caller caller : scenario.callers) {
            ModelTransaction transaction = scenario.transactions == Transactions.NONE
                    ? null
                    : new ModelTransaction(schedule, promises, store, scenario.transactions);
            ModelCall call = newCall(nodes.get(caller.node()), caller, transaction);
            schedule.actor(call.name(), caller.node(), true, caller.fingerprint(), call);
        }
    }

    private ModelNode newNode() {
        return new ModelNode(schedule, promises, () -> nanos, scenario.line.apply(store), scenario.completionTimeout);
    }

    private ModelCall newCall(ModelNode node, Caller caller, @Nullable ModelTransaction transaction) {
        ModelCall call = new ModelCall(
                scenario,
                schedule,
                promises,
                store,
                node.engine(),
                calls.size(),
                caller.node(),
                caller.fingerprint(),
                transaction,
                caller.recovers());
        calls.add(call);
        return call;
    }

    Promises promises() {
        return promises;
    }

    List<ModelCall> calls() {
        return calls;
    }

    @Override
    public void visit(int node) {
        schedule.actor(
                "renewal of node " + node, node, false, node, nodes.get(node).visit());
    }

    @Override
    public boolean isVisitDue(int node) {
        return nodes.get(node).isVisitDue();
    }

    @Override
    public void tick() {
        nanos += Scenario.TICK.toNanos();
        reference.elapse(Scenario.TICK);
    }

    @Override
    public void crashed(int node) {
        for (ModelCall call : calls) {
            if (call.node() == node && call.transaction() != null) {
                call.transaction().crashed();
            }
        }
    }

    @Override
    public void check() {
        promises.check(reference.find(scenario.operation.key("4711")));
    }

    /** What the store, the positions of all, and what is known of the key's owners amount to. */
    long state() {
        long hash = Hash.mix(schedule.positions(), promises.state());
        hash = Hash.mix(hash, store.isLocked() ? 1 : 0);
        hash = Hash.mix(hash, Hash.of(promises.text(reference.findSteps(scenario.operation.key("4711")))));
        for (ModelCall call : calls) {
            hash = Hash.mix(hash, schedule.isCrashed(call.node()) ? 1 : call.state());
        }
        for (int node = 0; node < nodes.size(); node++) {
            hash = Hash.mix(hash, schedule.isCrashed(node) ? 1 : isVisitDue(node) ? 2 : 3);
        }
        return hash;
    }

    /** Everybody has ended: checks what is left, lets all leases end, and makes two more calls on a new node. */
    void checkEnd() {
        promises.checkEnd();
        schedule.elapse();
        schedule.elapse();
        boolean abandoned = promises.isAbandoned();
        int effects = promises.effects();
        ModelCall next = call();
        if (abandoned && scenario.whenAbandoned == WhenAbandoned.REFUSE) {
            promises.requireDecided(next.answer() == null, "an abandoned key was not refused to the next call");
            return;
        }
        promises.requireDecided(
                next.thrown() == null || next.thrown() instanceof Scenario.FinalException,
                "the next call got " + next.thrown());
        if (abandoned && scenario.whenAbandoned == WhenAbandoned.RUN_AGAIN && !scenario.steps) {
            promises.requireDecided(promises.effects() == effects + 1, "the next call did not run again");
        }
        if ((scenario.whenAbandoned == WhenAbandoned.RECONCILE || scenario.steps) && next.thrown() == null) {
            promises.requireDecided(
                    promises.effects() == 1, "the next call left it done " + promises.effects() + " times");
        }
        int done = promises.effects();
        ModelCall last = call();
        promises.requireDecided(
                promises.effects() == done
                        && last.thrown() == next.thrown()
                        && String.valueOf(last.answer()).equals(String.valueOf(next.answer())),
                "the call after the next one got another answer");
    }

    private ModelCall call() {
        Caller caller = new Caller(
                nodes.size(), promises.lastFingerprint(scenario.callers.get(0).fingerprint()), false);
        ModelNode node = newNode();
        nodes.add(node);
        ModelCall call = newCall(node, caller, null);
        call.run();
        check();
        return call;
    }
}
