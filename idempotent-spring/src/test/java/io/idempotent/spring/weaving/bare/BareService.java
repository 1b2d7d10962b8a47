package io.idempotent.spring.weaving.bare;

import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.weaving.woven.Request;

/** A service that nobody weaves. */
public class BareService {

    /** Runs once for each request, where it is proxied. */
    @Idempotent(key = "#request.id")
    public int run(Request request) {
        return 0;
    }
}
