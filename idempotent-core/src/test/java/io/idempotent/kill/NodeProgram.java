package io.idempotent.kill;

import io.idempotent.kill.Journal.Entry;
import io.idempotent.kill.Journal.Event;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The program that is killed. Its clients ask for the payment of random keys, of a new set of keys every other second,
 * and ask again until they have an answer; those that were killed before they had one ask first.
 *
 * <p>It says that it is in full swing by writing to its standard output, which is kept from all others, and ends when
 * its standard input does.
 */
final class NodeProgram {

    static final int THREADS = 4;

    private static final int FULL_SWING = 10;
    private static final long SET_MICROSECONDS = 2_000_000;

    private static final PrintStream OUTPUT = System.out;

    private final Node node;
    private final Journal journal;
    private final int keys;
    private final AtomicInteger answers = new AtomicInteger();
    private final Queue<String> unanswered = new ConcurrentLinkedQueue<>();

    private NodeProgram(Node node, Journal journal, int keys, Set<String> unanswered) {
        this.node = node;
        this.journal = journal;
        this.keys = keys;
        this.unanswered.addAll(unanswered);
    }

    /** Takes the factory's class, the journal's file, the number of keys in a set, and the factory's arguments. */
    public static void main(String[] arguments) throws Exception {
        System.setOut(System.err);
        Path file = Path.of(arguments[1]);
        List<Entry> before = Journal.read(file);
        Journal journal = new Journal(file);
        Node node = open(arguments[0], List.of(arguments).subList(3, arguments.length), journal);
        NodeProgram program = new NodeProgram(node, journal, Integer.parseInt(arguments[2]), unanswered(before));
        for (int client = 0; client < THREADS; client++) {
            new Thread(program::ask, "client-" + client).start();
        }
        awaitEndOfInput();
        Runtime.getRuntime().halt(0);
    }

    static Node open(String factory, List<String> arguments, Journal journal) throws Exception {
        return Class.forName(factory)
                .asSubclass(NodeFactory.class)
                .getConstructor()
                .newInstance()
                .open(arguments, journal);
    }

    /** The keys that somebody asked for and has no answer. */
    static Set<String> unanswered(List<Entry> entries) {
        Set<String> keys = new LinkedHashSet<>();
        for (Entry entry : entries) {
            if (entry.event() == Event.ASKED) {
                keys.add(entry.key());
            } else if (entry.event() == Event.ANSWERED) {
                keys.remove(entry.key());
            }
        }
        return keys;
    }

    private static void awaitEndOfInput() throws IOException {
        while (System.in.read() >= 0) {
            // Nobody says anything; the end is what counts, and comes even if the test was killed.
        }
    }

    private void ask() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        while (true) {
            // Most of the calls are new ones, so that a key that is in progress is not all that is asked for.
            String key = random.nextInt(4) == 0 ? unanswered.poll() : null;
            if (key == null) {
                key = Journal.now() / SET_MICROSECONDS + "-" + random.nextInt(keys);
                journal.write(Event.ASKED, key, 0, Journal.now());
            }
            try {
                journal.write(Event.ANSWERED, key, 0, Journal.now(), node.pay(key));
                if (answers.incrementAndGet() == FULL_SWING) {
                    OUTPUT.println("in full swing");
                }
            } catch (Throwable noAnswer) {
                // In progress elsewhere, or its owner was killed and its lease still lasts: the client asks again.
                unanswered.add(key);
            }
        }
    }
}
