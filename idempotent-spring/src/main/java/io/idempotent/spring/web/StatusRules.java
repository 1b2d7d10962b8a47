package io.idempotent.spring.web;

import io.idempotent.spring.interceptor.WebSettings;
import java.util.List;

/** What an answer's status says of the work. The exact status is asked for before its class. */
final class StatusRules {

    /** What becomes of the key. */
    enum Rule {
        RECORD,
        RELEASE,
        UNKNOWN
    }

    private final List<String> released;
    private final List<String> unknown;

    StatusRules(WebSettings settings) {
        this.released = settings.releasedStatuses();
        this.unknown = settings.unknownStatuses();
    }

    Rule of(int status) {
        Rule exact = of(Integer.toString(status));
        return exact != Rule.RECORD ? exact : of(status / 100 + "xx");
    }

    private Rule of(String status) {
        if (released.contains(status)) {
            return Rule.RELEASE;
        }
        return unknown.contains(status) ? Rule.UNKNOWN : Rule.RECORD;
    }
}
