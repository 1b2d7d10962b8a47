package io.idempotent.spring.aot;

import java.math.BigDecimal;
import java.util.List;

/**
 * What paying gives.
 *
 * @param number differs with every payment
 * @param lines what was paid
 */
record Receipt(String number, List<Line> lines) {

    /**
     * One line.
     *
     * @param amount how much
     */
    record Line(BigDecimal amount) {}
}
