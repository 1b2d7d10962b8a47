package io.idempotent.sample.gateway;

import jakarta.validation.Valid;
import jakarta.validation.constraints.PositiveOrZero;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/** Looks behind the gateway's counter, and makes it misbehave. */
@RestController
@RequestMapping(path = "/gateway", produces = MediaType.APPLICATION_JSON_VALUE)
class GatewayController {

    private static final Duration LONGEST_LATENCY = Duration.ofMinutes(1);

    private final PaymentGateway gateway;

    GatewayController(PaymentGateway gateway) {
        this.gateway = gateway;
    }

    @GetMapping("/charges")
    Charges charges(@RequestParam String requestId) {
        return new Charges(requestId, gateway.charges(requestId));
    }

    @PostMapping("/behaviour")
    Behaviour behave(@Valid @RequestBody Behaviour wanted) {
        Duration latency = wanted.latency() == null ? gateway.latency() : latency(wanted.latency());
        if (wanted.haltNext() != null && wanted.haltNext() != Halt.NEVER && !gateway.isDurable()) {
            throw new ResponseStatusException(
                    HttpStatus.CONFLICT,
                    "Records and charges are in memory here, and a halt would lose them: start the profile h2,"
                            + " postgres or"
                            + " redis instead");
        }
        if (wanted.failNext() != null) {
            gateway.failNext(wanted.failNext());
        }
        if (wanted.haltNext() != null) {
            gateway.haltNext(wanted.haltNext());
        }
        gateway.latency(latency);
        return new Behaviour(
                gateway.failNext(), DurationStyle.SIMPLE.print(latency, ChronoUnit.MILLIS), gateway.haltNext());
    }

    private static Duration latency(String text) {
        try {
            Duration latency = DurationStyle.detectAndParse(text);
            if (!latency.isNegative() && latency.compareTo(LONGEST_LATENCY) <= 0) {
                return latency;
            }
        } catch (IllegalArgumentException | ArithmeticException notADuration) {
            throw badLatency(notADuration);
        }
        throw badLatency(null);
    }

    private static ResponseStatusException badLatency(@Nullable Exception cause) {
        return new ResponseStatusException(
                HttpStatus.BAD_REQUEST, "latency must be a duration from 0s to 60s: \"500ms\" or \"PT0.5S\"", cause);
    }

    /**
     * What the gateway really did.
     *
     * @param requestId the request that it was asked to charge for
     * @param charges how often it charged
     */
    record Charges(String requestId, int charges) {}

    /**
     * How the gateway behaves. What is left out of a request stays as it is.
     *
     * @param failNext how many of its next calls fail before charging
     * @param latency how long each call takes, {@code "500ms"} or ISO-8601
     * @param haltNext when in its next charge the process is killed; refused where that would lose records and charges
     */
    record Behaviour(
            @PositiveOrZero @Nullable Integer failNext,
            @Nullable String latency,
            @Nullable Halt haltNext) {}
}
