package io.idempotent.kill.order;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What a step did, as the ledger counted it.
 *
 * @param order the order's number
 * @param step the step's name
 * @param token the fencing token of the claim under which it was done
 * @param process the JVM that did it
 * @param at when, in microseconds of this machine's clock
 * @param receipt that it was done; unique
 */
public record Effect(int order, String step, long token, long process, long at, String receipt) {

    String line() {
        return order + " " + step + " " + token + " " + process + " " + at + " " + receipt;
    }

    static List<Effect> read(Path file) throws IOException {
        return Files.readAllLines(file).stream()
                .map(line -> line.split(" ", -1))
                .map(parts -> new Effect(
                        Integer.parseInt(parts[0]),
                        parts[1],
                        Long.parseLong(parts[2]),
                        Long.parseLong(parts[3]),
                        Long.parseLong(parts[4]),
                        parts[5]))
                .toList();
    }
}
