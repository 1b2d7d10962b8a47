package io.idempotent.spring.aot;

import io.idempotent.Steps;
import io.idempotent.spring.annotation.Idempotent;
import java.util.List;
import java.util.UUID;

/** A bean without an interface: its proxy is a subclass, which is generated ahead of time. */
class Payments {

    private final Steps steps;

    Payments(Steps steps) {
        this.steps = steps;
    }

    @Idempotent(key = "#request.id", operation = "in-memory", store = "caffeine")
    Receipt payInMemory(Request request) {
        return receipt(request);
    }

    @Idempotent(key = "@keys.of(#request)", operation = "in-database", store = "jdbc", recordFailures = Declined.class)
    Receipt payInDatabase(Request request) {
        if (request.amount().signum() < 0) {
            throw new Declined("a negative amount");
        }
        String number = steps.run("number", () -> UUID.randomUUID().toString());
        return new Receipt(number, List.of(new Receipt.Line(request.amount())));
    }

    @Idempotent(key = "#request.id", operation = "in-redis", store = "redis", unless = "#result.lines.isEmpty()")
    Receipt payInRedis(Request request) {
        return receipt(request);
    }

    private static Receipt receipt(Request request) {
        return new Receipt(UUID.randomUUID().toString(), List.of(new Receipt.Line(request.amount())));
    }
}
