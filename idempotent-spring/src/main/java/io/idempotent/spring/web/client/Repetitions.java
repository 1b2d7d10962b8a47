package io.idempotent.spring.web.client;

import java.time.Duration;
import java.time.InstantSource;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.util.backoff.BackOffExecution;

/** How often one request may still be repeated, and after which pause. Used by one thread at a time. */
final class Repetitions {

    /** There is no repetition left. */
    static final long STOP = BackOffExecution.STOP;

    // In progress; too early; too many; not available. Anything else stays what it is, however often it is asked for.
    private static final Set<Integer> PASSING = Set.of(409, 425, 429, 503);

    private static final int CONFLICT = 409;

    private final BackOffExecution delays;
    private final Duration maximumPause;

    // How long may still be waited for a request that is in progress elsewhere, without its repetitions being counted.
    private Duration patience;

    Repetitions(ClientRules rules) {
        this.delays = rules.delays().start();
        this.maximumPause = rules.maximumPause();
        this.patience = rules.patience();
    }

    /** The pause after which an answer will be another; null if it stays what it is, or asks for too long a pause. */
    @Nullable
    Duration pause(int status, HttpHeaders headers) {
        if (!PASSING.contains(status)) {
            return null;
        }
        Duration pause = RetryAfter.pause(headers, InstantSource.system());
        return pause == null || pause.compareTo(maximumPause) > 0 ? null : pause;
    }

    /** Returns after how many milliseconds to repeat a request that was answered so, or {@link #STOP}. */
    long afterAnswer(int status, Duration pause) {
        // Another request holds the key. One that may come back at once is counted, or there would be no end.
        if (status == CONFLICT && !pause.isZero() && pause.compareTo(patience) <= 0) {
            patience = patience.minus(pause);
            return pause.toMillis();
        }
        return delays.nextBackOff() == STOP ? STOP : pause.toMillis();
    }

    /** Returns after how many milliseconds to repeat a request that was not answered, or {@link #STOP}. */
    long afterFailure() {
        return delays.nextBackOff();
    }
}
