package io.idempotent.kill;

import java.util.List;

/** Makes a node in a JVM that was just started; has a public constructor without parameters. */
public interface NodeFactory {

    /**
     * Connects to the store and to the database of the payments.
     *
     * @param arguments where they are, as the test gave them
     * @param journal where the node writes down what becomes of its claims
     */
    Node open(List<String> arguments, Journal journal) throws Exception;
}
