package io.idempotent.spring.store.redis;

import io.idempotent.IdempotencyKey;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordQuery;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Of the records that are offered to it, the first ones that are meant, in the order of their keys' texts. */
final class RecordPage {

    private final RecordQuery query;
    private final String after;
    private final TreeMap<String, IdempotencyRecord> records = new TreeMap<>();

    RecordPage(RecordQuery query) {
        this.query = query;
        this.after = query.after() == null ? "" : query.after().toString();
    }

    /** Whether a key's record may be on the page, as far as is known by now. */
    boolean mayHave(IdempotencyKey key) {
        String text = key.toString();
        return text.compareTo(after) > 0 && (records.size() < query.limit() || text.compareTo(records.lastKey()) < 0);
    }

    /** Offers a record, or nothing; any number of times. */
    void add(@Nullable IdempotencyRecord record) {
        if (record == null || !query.matches(record)) {
            return;
        }
        records.put(record.key().toString(), record);
        if (records.size() > query.limit()) {
            var unused = records.pollLastEntry();
        }
    }

    List<IdempotencyRecord> records() {
        return List.copyOf(records.values());
    }
}
