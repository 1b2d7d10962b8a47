package io.idempotent.sample.page;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.springframework.stereotype.Component;

/** The latest calls and recoveries, newest first. */
@Component
class CallLog {

    private static final int LATEST = 200;

    private final Deque<Call> calls = new ArrayDeque<>();

    private long count;

    /** A call arrives, or a recovery begins. */
    synchronized Call begin() {
        count++;
        Call call = new Call(count);
        calls.addFirst(call);
        if (calls.size() > LATEST) {
            calls.removeLast();
        }
        return call;
    }

    /** The latest calls as they stand. */
    synchronized List<CallRow> rows() {
        List<CallRow> rows = new ArrayList<>(calls.size());
        for (Call call : calls) {
            rows.add(call.row());
        }
        return rows;
    }

    /** Forgets all calls; those that are running will not be shown any more. */
    synchronized void clear() {
        calls.clear();
    }
}
