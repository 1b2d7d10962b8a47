package io.idempotent.spring.recovery.kill;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What an effect undoes.
 *
 * @param step the step's name
 * @param receipt of what the step did
 */
record Undone(String step, String receipt) {

    private static final Pattern EFFECT = Pattern.compile("undo-(-?\\d+-(\\w+)-\\d+)");

    /** What the ledger is told to do to undo what it gave this receipt for. */
    static String effectOf(String receipt) {
        return "undo-" + receipt;
    }

    /** Reads what the ledger was told to do; null if that undoes nothing. */
    static @Nullable Undone parse(String effect) {
        Matcher matcher = EFFECT.matcher(effect);
        return matcher.matches() ? new Undone(matcher.group(2), matcher.group(1)) : null;
    }
}
