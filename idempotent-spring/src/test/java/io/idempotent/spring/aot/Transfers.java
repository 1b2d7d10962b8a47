package io.idempotent.spring.aot;

import io.idempotent.spring.annotation.Idempotent;
import java.util.UUID;

/** A bean's interface, by which it is proxied. */
interface Transfers {

    @Idempotent(key = "#id", operation = "transfer", store = "caffeine")
    String transfer(String id);

    /** The bean. */
    class Bank implements Transfers {

        @Override
        public String transfer(String id) {
            return UUID.randomUUID().toString();
        }
    }
}
