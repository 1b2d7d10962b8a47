package io.idempotent.kill.order;

import io.idempotent.IdempotencyContext;
import io.idempotent.Reconciliation;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.ReentrantLock;

/** A node's end of the {@link LedgerProgram ledger}. Safe for use by many threads. */
public final class Ledger {

    private final Socket socket;
    private final BufferedReader answers;
    private final ReentrantLock lock = new ReentrantLock();

    /** Connects to it. */
    public Ledger(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setTcpNoDelay(true);
        answers = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
    }

    /** Does what a step does, under the claim of the current execution, and gives the receipt. */
    public String perform(int order, String step) {
        String receipt = ask("do", order, step);
        if (receipt.equals(LedgerProgram.NONE)) {
            throw new IllegalStateException(
                    "The ledger refuses to " + step + " order " + order + ": a later claim has asked about it");
        }
        return receipt;
    }

    /** Whether a step was done, now that no earlier claim can do it any more. */
    public Reconciliation<String> find(int order, String step) {
        String receipt = ask("find", order, step);
        return receipt.equals(LedgerProgram.NONE) ? Reconciliation.notDone() : Reconciliation.completed(receipt);
    }

    private String ask(String what, int order, String step) {
        String request = what + " " + order + " " + step + " "
                + IdempotencyContext.current().fencingToken() + " "
                + ProcessHandle.current().pid() + "\n";
        lock.lock();
        try {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            String answer = answers.readLine();
            if (answer == null) {
                throw new IOException("The ledger has ended");
            }
            return answer;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } finally {
            lock.unlock();
        }
    }
}
