package io.idempotent.codec;

import java.util.List;
import tools.jackson.core.JacksonException;

/** Tells what went wrong in reading or writing JSON without telling anything of the content. */
final class Problem {

    private Problem() {}

    /**
     * Names the kinds of the failure and the class in which it happened. Messages hold content, and so do names of
     * properties, since those of a map are its keys: both are left out.
     */
    static String describe(Throwable failure) {
        StringBuilder text = new StringBuilder(failure.getClass().getSimpleName());
        if (failure instanceof JacksonException problem) {
            List<JacksonException.Reference> path = problem.getPath();
            Object place = path.isEmpty() ? null : path.get(path.size() - 1).from();
            if (place != null) {
                Class<?> type = place instanceof Class<?> named ? named : place.getClass();
                text.append(" in ").append(type.getName());
            }
            Throwable cause = problem.getCause();
            if (cause != null && cause != problem) {
                text.append(", caused by ").append(cause.getClass().getName());
            }
        }
        return text.toString();
    }
}
