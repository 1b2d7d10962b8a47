package io.idempotent.benchmarks.load;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;

/**
 * Puts a load on a handler without the annotation, with it and a key of its own for each request, and with it and
 * replays only, in turns. From the root: {@code java -cp idempotent-benchmarks/target/benchmarks.jar
 * io.idempotent.benchmarks.load.EndpointLoad}, with the number of connections, of rounds, and of seconds for each of
 * them as arguments, which default to 8, 10 and 5.
 */
public final class EndpointLoad {

    private static final int WARM_UPS = 3;

    /** What is asked for. */
    private enum Kind {
        BARE,
        UNIQUE,
        REPLAY
    }

    /**
     * What one round came to.
     *
     * @param throughput how many requests in a second
     * @param processorMicros how long the server's processors were busy with each, in microseconds
     * @param latencies how long each took, in nanoseconds and in order
     */
    // Millions of them, and never compared.
    @SuppressWarnings("ArrayRecordComponent")
    private record Round(double throughput, double processorMicros, long[] latencies) {}

    private EndpointLoad() {}

    /** Runs it, and prints a table. */
    public static void main(String[] arguments) throws Exception {
        int connections = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 8;
        int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 10;
        Duration length = Duration.ofSeconds(arguments.length > 2 ? Integer.parseInt(arguments[2]) : 5);
        Process server = startServer();
        try {
            int port = port(server);
            Map<Kind, List<Round>> results = new EnumMap<>(Kind.class);
            for (int round = -WARM_UPS; round < rounds; round++) {
                for (Kind kind : Kind.values()) {
                    Round result = run(kind, server.toHandle(), port, connections, length);
                    if (round >= 0) {
                        results.computeIfAbsent(kind, unused -> new ArrayList<>())
                                .add(result);
                    }
                }
            }
            print(results, connections, rounds, length);
        } finally {
            server.destroy();
            server.waitFor();
        }
    }

    private static Process startServer() throws IOException {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        return new ProcessBuilder(
                        java.toString(),
                        // Room for all that is recorded meanwhile, from the start: while it grows, the kernel clearing
                        // its
                        // pages is what is measured.
                        "-Xms6g",
                        "-Xmx6g",
                        "-XX:+AlwaysPreTouch",
                        "-cp",
                        System.getProperty("java.class.path"),
                        LoadServer.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static int port(Process server) throws IOException {
        BufferedReader output = new BufferedReader(new InputStreamReader(server.getInputStream(), UTF_8));
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            if (line.startsWith("listens at ")) {
                return Integer.parseInt(line.substring(11));
            }
        }
        throw new IllegalStateException("The server did not start");
    }

    private static Round run(Kind kind, ProcessHandle server, int port, int connections, Duration length)
            throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(connections);
        try {
            long begin = System.nanoTime();
            Duration busyBefore = processorTime(server);
            List<Future<long[]>> clients = new ArrayList<>();
            for (int client = 0; client < connections; client++) {
                clients.add(threads.submit(() -> client(kind, port, begin + length.toNanos())));
            }
            List<long[]> latencies = new ArrayList<>();
            for (Future<long[]> client : clients) {
                latencies.add(client.get());
            }
            double seconds = (System.nanoTime() - begin) / 1e9;
            long[] all =
                    latencies.stream().flatMapToLong(LongStream::of).sorted().toArray();
            Duration busy = processorTime(server).minus(busyBefore);
            return new Round(all.length / seconds, busy.toNanos() / 1e3 / all.length, all);
        } finally {
            threads.shutdown();
        }
    }

    private static Duration processorTime(ProcessHandle server) {
        return server.info().totalCpuDuration().orElse(Duration.ZERO);
    }

    private static long[] client(Kind kind, int port, long end) throws IOException {
        String prefix = UUID.randomUUID() + "-";
        long[] latencies = new long[1_024];
        int count = 0;
        try (Connection connection = new Connection(port)) {
            for (long begin = System.nanoTime(); begin < end; count++) {
                switch (kind) {
                    case BARE -> connection.post("/bare", "");
                    case UNIQUE -> connection.post("/idempotent", "Idempotency-Key: \"" + prefix + count + "\"\r\n");
                    case REPLAY -> connection.post("/idempotent", "Idempotency-Key: \"" + prefix + "\"\r\n");
                }
                long now = System.nanoTime();
                if (count == latencies.length) {
                    latencies = Arrays.copyOf(latencies, 2 * count);
                }
                latencies[count] = now - begin;
                begin = now;
            }
        }
        return Arrays.copyOf(latencies, count);
    }

    private static void print(Map<Kind, List<Round>> results, int connections, int rounds, Duration length) {
        System.out.printf(
                Locale.ROOT,
                "%d connections, %d rounds of %d s in turns after %d to warm up; JDK %s, %d processors%n",
                connections,
                rounds,
                length.toSeconds(),
                WARM_UPS,
                System.getProperty("java.version"),
                Runtime.getRuntime().availableProcessors());
        System.out.println(
                "| endpoint | requests/s | of those without (rounds from, to) | p50 ms | p99 ms | server's µs |");
        System.out.println("|---|---|---|---|---|---|");
        List<Round> bare = results.getOrDefault(Kind.BARE, List.of());
        results.forEach((kind, of) -> {
            double[] ratios = new double[of.size()];
            for (int round = 0; round < ratios.length; round++) {
                ratios[round] = of.get(round).throughput() / bare.get(round).throughput();
            }
            Arrays.sort(ratios);
            long[] latencies = of.stream()
                    .flatMapToLong(round -> LongStream.of(round.latencies()))
                    .sorted()
                    .toArray();
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %,.0f | %.2f (%.2f, %.2f) | %.2f | %.2f | %.1f |%n",
                    switch (kind) {
                        case BARE -> "without the annotation";
                        case UNIQUE -> "with it, unique keys";
                        case REPLAY -> "with it, replays";
                    },
                    mean(of),
                    mean(of) / mean(bare),
                    ratios[0],
                    ratios[ratios.length - 1],
                    latencies[latencies.length / 2] / 1e6,
                    latencies[(int) (latencies.length * 0.99)] / 1e6,
                    of.stream().mapToDouble(Round::processorMicros).average().orElse(Double.NaN));
        });
    }

    /** All rounds are equally long. */
    private static double mean(List<Round> rounds) {
        return rounds.stream().mapToDouble(Round::throughput).average().orElse(Double.NaN);
    }
}
