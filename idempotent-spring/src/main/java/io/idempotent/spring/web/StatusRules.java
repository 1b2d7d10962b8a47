package io.idempotent.spring.web;

import io.idempotent.spring.settings.WebSettings;

/** What an answer's status says of the work. The exact status is asked for before its class. */
public final class StatusRules {

    /** What becomes of the key. */
    public enum Rule {
        /** The response is recorded. */
        RECORD,
        /** Nothing was done, and the key is free again. */
        RELEASE,
        /** Nobody knows what was done. */
        UNKNOWN
    }

    private final Rule[] rules = new Rule[600];

    StatusRules(WebSettings settings) {
        for (int status = 0; status < rules.length; status++) {
            Rule exact = of(Integer.toString(status), settings);
            rules[status] = exact != Rule.RECORD ? exact : of(status / 100 + "xx", settings);
        }
    }

    /** What becomes of the key after an answer of this status. */
    public Rule of(int status) {
        return status < rules.length ? rules[status] : Rule.RECORD;
    }

    private static Rule of(String status, WebSettings settings) {
        if (settings.releasedStatuses().contains(status)) {
            return Rule.RELEASE;
        }
        return settings.unknownStatuses().contains(status) ? Rule.UNKNOWN : Rule.RECORD;
    }
}
