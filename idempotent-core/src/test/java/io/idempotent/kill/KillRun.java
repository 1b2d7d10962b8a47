package io.idempotent.kill;

import io.idempotent.kill.Journal.Entry;
import io.idempotent.kill.Journal.Event;
import io.idempotent.server.Database;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/**
 * One run of the kill test:
 *
 * <ol>
 *   <li>Four JVMs are started, each with {@link NodeProgram}.
 *   <li>Every 200 ms that of them is killed with SIGKILL that has run longest, and started again. One that has not had
 *       ten answers is left alone: to kill it while it starts would prove nothing, and on a slow machine be all.
 *   <li>At the end all are killed, and each key that anybody has asked for is asked for once more, until there is an
 *       answer: none may be stuck.
 *   <li>The journals and the payments are the {@link History}.
 * </ol>
 */
public final class KillRun {

    private static final int JVMS = 4;

    /** How many keys the JVMs compete for at a time by default: {@value}. */
    public static final int KEYS = 500;

    // Enough for take-overs in each run, and second payments in most.
    private static final int KILLS = 8;

    private static final Duration LONGEST = Duration.ofSeconds(30);

    private static final Duration INTERVAL = Duration.ofMillis(200);
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final String factory;
    private final List<String> arguments;
    private final Database payments;
    private final int keys;
    private final Path directory;
    private final List<Kill> kills = new ArrayList<>();
    private final List<Child> children = new ArrayList<>();

    /**
     * Prepares a run; makes the table of the payments.
     *
     * @param factory makes the nodes, in the JVMs and at the end in this one
     * @param arguments what it is given
     * @param payments where the nodes pay; empty
     * @param keys how many keys the JVMs compete for at a time
     * @param directory for journals; empty
     */
    public KillRun(
            Class<? extends NodeFactory> factory, List<String> arguments, Database payments, int keys, Path directory)
            throws SQLException {
        this.factory = factory.getName();
        this.arguments = arguments;
        this.payments = payments;
        this.keys = keys;
        this.directory = directory;
        Payments.createTable(payments.dataSource());
    }

    /**
     * Runs until {@value #KILLS} JVMs were killed, which a slow machine need not manage, or for {@code
     * -Dkill.seconds=…}, and gives what happened.
     */
    public History run() throws Exception {
        Integer seconds = Integer.getInteger("kill.seconds");
        return seconds == null ? run(LONGEST, KILLS) : run(Duration.ofSeconds(seconds), Integer.MAX_VALUE);
    }

    private History run(Duration longest, int enough) throws Exception {
        try {
            for (int number = 0; number < JVMS; number++) {
                children.add(new Child(number));
            }
            long end = System.nanoTime() + longest.toNanos();
            for (long next = System.nanoTime(); next - end < 0 && kills.size() < enough; next += INTERVAL.toNanos()) {
                killOne();
                // The rhythm of the test, and not a wait for something to happen.
                TimeUnit.NANOSECONDS.sleep(next + INTERVAL.toNanos() - System.nanoTime());
            }
        } finally {
            for (Child child : children) {
                kills.add(child.kill());
            }
        }
        for (Child child : children) {
            if (child.diedBy != null) {
                throw new IllegalStateException(child.diedBy);
            }
        }
        return new History(entriesAfterLastQuestions(), Payments.all(payments.dataSource()), List.copyOf(kills));
    }

    private void killOne() {
        Child victim = null;
        for (Child child : children) {
            if (child.isInFullSwing() && (victim == null || child.startedAt < victim.startedAt)) {
                victim = child;
            }
        }
        if (victim != null) {
            kills.add(victim.kill());
            victim.start();
        }
    }

    private List<Entry> entriesAfterLastQuestions() throws Exception {
        List<Entry> entries = new ArrayList<>();
        for (Child child : children) {
            entries.addAll(Journal.read(child.journal));
        }
        Set<String> asked = new LinkedHashSet<>();
        for (Entry entry : entries) {
            if (entry.event() == Event.ASKED) {
                asked.add(entry.key());
            }
        }
        if (asked.isEmpty()) {
            throw new IllegalStateException("No JVM lived long enough to ask for anything");
        }
        Path file = directory.resolve("last.journal");
        try (Journal journal = new Journal(file);
                Node node = NodeProgram.open(factory, arguments, journal)) {
            for (String key : asked) {
                journal.write(Event.ASKED, key, 0, Journal.now());
                Awaitility.await(key)
                        .atMost(PATIENCE)
                        .pollDelay(Duration.ZERO)
                        .pollInterval(Duration.ofMillis(20))
                        .ignoreExceptions()
                        .until(() -> isAnswered(node, key, journal));
            }
        }
        entries.addAll(Journal.read(file));
        return entries;
    }

    private static boolean isAnswered(Node node, String key, Journal journal) throws Exception {
        try {
            journal.write(Event.ANSWERED, key, 0, Journal.now(), node.pay(key));
            return true;
        } catch (Exception | Error refused) {
            throw refused;
        } catch (Throwable neither) {
            throw new IllegalStateException(neither);
        }
    }

    /** One of the JVMs, started again and again. */
    private final class Child {

        private final int number;
        final Path journal;
        private Process process;
        long startedAt;

        @Nullable
        String diedBy;

        Child(int number) {
            this.number = number;
            this.journal = directory.resolve("node-" + number + ".journal");
            start();
        }

        void start() {
            List<String> all = new ArrayList<>(List.of(factory, journal.toString(), Integer.toString(keys)));
            all.addAll(arguments);
            startedAt = System.nanoTime();
            process = Jvm.start(NodeProgram.class, all, errors());
        }

        boolean isInFullSwing() {
            try {
                if (!process.isAlive()) {
                    diedBy = "Node " + number + " ended by itself with " + process.exitValue() + ": "
                            + Files.readString(errors());
                    return false;
                }
                return process.getInputStream().available() > 0;
            } catch (IOException failure) {
                throw new IllegalStateException(failure);
            }
        }

        Kill kill() {
            long before = Journal.now();
            process.destroyForcibly();
            try {
                process.waitFor();
            } catch (InterruptedException interrupted) {
                throw new IllegalStateException(interrupted);
            }
            return new Kill(process.pid(), before, Journal.now());
        }

        private Path errors() {
            return directory.resolve("node-" + number + ".errors");
        }
    }
}
