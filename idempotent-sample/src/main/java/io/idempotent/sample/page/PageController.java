package io.idempotent.sample.page;

import io.idempotent.sample.gateway.Halt;
import io.idempotent.sample.gateway.PaymentGateway;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.Environment;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** What the page polls. */
@RestController
@RequestMapping("/page/calls")
class PageController {

    private final CallLog calls;

    private final PaymentGateway gateway;

    private final Environment environment;

    PageController(CallLog calls, PaymentGateway gateway, Environment environment) {
        this.calls = calls;
        this.gateway = gateway;
        this.environment = environment;
    }

    @GetMapping
    Snapshot snapshot(@RequestParam(required = false) @Nullable String requestId) {
        List<CallRow> rows = calls.rows();
        List<Charged> charged = Stream.concat(
                        Stream.ofNullable(requestId), rows.stream().flatMap(row -> Stream.ofNullable(row.requestId())))
                .distinct()
                .map(id -> new Charged(id, gateway.charges(id)))
                .toList();
        String durableProfile = gateway.isDurable() ? String.join(",", environment.getActiveProfiles()) : null;
        return new Snapshot(
                rows,
                charged,
                gateway.failNext(),
                gateway.latency().toMillis(),
                gateway.haltNext(),
                durableProfile,
                recovers());
    }

    private boolean recovers() {
        return environment.containsProperty("idempotent.operations.payment-service-pay.recover.after")
                && environment.getProperty("idempotent.recovery.enabled", Boolean.class, true);
    }

    @DeleteMapping
    @ResponseStatus(HttpStatus.NO_CONTENT)
    void clear() {
        calls.clear();
    }

    /**
     * All that the page shows.
     *
     * @param calls the latest calls and recoveries, newest first
     * @param charged the gateway's count for the request that was asked for and for each among the calls
     * @param failNext how many of the gateway's next calls fail
     * @param latencyMilliseconds how long the gateway takes
     * @param haltNext when in the next charge the process is killed
     * @param durableProfile the profile that records and charges outlive the process with; null if they do not
     * @param recovers whether a payment that a kill cut off is finished here, though nobody asks for it
     */
    record Snapshot(
            List<CallRow> calls,
            List<Charged> charged,
            int failNext,
            long latencyMilliseconds,
            Halt haltNext,
            @Nullable String durableProfile,
            boolean recovers) {}

    /**
     * What the gateway did for one request.
     *
     * @param requestId the request
     * @param charges how often it was really charged
     */
    record Charged(String requestId, int charges) {}
}
