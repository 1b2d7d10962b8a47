package io.idempotent.spring.slice;

import io.idempotent.spring.annotation.Idempotent;
import org.springframework.stereotype.Service;

@Service
class Payments implements Payer {

    private int runs;

    @Idempotent(key = "#id", operation = "slice-payment")
    public String pay(String id) {
        return "paid " + ++runs;
    }
}

/** Would have the service proxied by it, if slices made proxies in another way than applications do. */
interface Payer {}
