package io.idempotent.kill.order;

import io.idempotent.kill.Journal;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The ledger: a JVM that outlives all nodes, and knows nothing of keys, claims and steps' records. It does what it is
 * asked to do each time it is asked, writes it down, and answers with a receipt.
 *
 * <ol>
 *   <li>{@code do <order> <step> <token> <process>} is counted as an {@link Effect}, and answered with its receipt,
 *       always a new one.
 *   <li>{@code find <order> <step> <token> <process>} is answered with the last receipt, or {@code -} if there is none.
 *       Whoever asks relies on that: what is to be done under a smaller token is refused from then on, with {@code -}.
 *   <li>It says at which port it listens by its standard output, and ends when its standard input does.
 * </ol>
 */
final class LedgerProgram {

    static final String NONE = "-";

    private final OutputStream file;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, List<Effect>> effects = new HashMap<>();
    private final Map<String, Long> highestTokenAsked = new HashMap<>();

    private LedgerProgram(Path file) throws IOException {
        this.file = Files.newOutputStream(file);
    }

    /** Takes the file in which the effects are written down. */
    public static void main(String[] arguments) throws IOException {
        LedgerProgram ledger = new LedgerProgram(Path.of(arguments[0]));
        ServerSocket server = new ServerSocket(0, 0, InetAddress.getLoopbackAddress());
        Thread listening = new Thread(() -> ledger.listen(server));
        listening.setDaemon(true);
        listening.start();
        System.out.println(server.getLocalPort());
        while (System.in.read() >= 0) {
            // Nobody says anything; the end is what counts, and comes even if the test was killed.
        }
    }

    private void listen(ServerSocket server) {
        while (true) {
            try {
                Socket node = server.accept();
                Thread serving = new Thread(() -> serve(node));
                serving.setDaemon(true);
                serving.start();
            } catch (IOException failure) {
                throw new IllegalStateException(failure);
            }
        }
    }

    private void serve(Socket node) {
        try (node;
                BufferedReader requests =
                        new BufferedReader(new InputStreamReader(node.getInputStream(), StandardCharsets.UTF_8))) {
            node.setTcpNoDelay(true);
            for (String request = requests.readLine(); request != null; request = requests.readLine()) {
                node.getOutputStream().write((answer(request) + "\n").getBytes(StandardCharsets.UTF_8));
            }
        } catch (IOException killed) {
            // The node was killed: what it did is written down.
        }
    }

    private String answer(String request) throws IOException {
        String[] parts = request.split(" ", -1);
        String what = parts[1] + "-" + parts[2];
        long token = Long.parseLong(parts[3]);
        lock.lock();
        try {
            List<Effect> before = effects.computeIfAbsent(what, first -> new ArrayList<>());
            if (parts[0].equals("find")) {
                highestTokenAsked.merge(what, token, Math::max);
                return before.isEmpty() ? NONE : before.get(before.size() - 1).receipt();
            }
            if (token < highestTokenAsked.getOrDefault(what, 0L)) {
                return NONE;
            }
            Effect effect = new Effect(
                    Integer.parseInt(parts[1]),
                    parts[2],
                    token,
                    Long.parseLong(parts[4]),
                    Journal.now(),
                    what + "-" + (before.size() + 1));
            file.write((effect.line() + "\n").getBytes(StandardCharsets.UTF_8));
            before.add(effect);
            return effect.receipt();
        } finally {
            lock.unlock();
        }
    }
}
