package io.idempotent.spring.messaging.amqp;

import java.io.File;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.qpid.server.SystemLauncher;
import org.awaitility.Awaitility;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;

/** Real brokers of AMQP 0-9-1, each started once for this JVM. */
enum AmqpBroker {
    /** Apache Qpid Broker-J in this JVM, with all in memory. */
    QPID {
        @Override
        int start() throws Exception {
            int port = freePort();
            Path configuration = Files.createTempFile("qpid", ".json");
            Files.writeString(configuration, QPID_CONFIGURATION.formatted(port));
            SystemLauncher launcher = new SystemLauncher();
            launcher.startup(Map.of(
                    "type",
                    "Memory",
                    "initialConfigurationLocation",
                    configuration.toUri().toString(),
                    "startupLoggedToSystemOut",
                    "false",
                    "context",
                    Map.of("broker.failStartupWithErroredChild", "true")));
            Runtime.getRuntime().addShutdownHook(new Thread(launcher::shutdown));
            Files.delete(configuration);
            return port;
        }

        @Override
        Map<String, Object> deadLettersTo(String queue) {
            // Without a limit it gives back what is rejected.
            return Map.of("alternateBinding", Map.of("destination", queue), "x-qpid-maximum-delivery-count", 1);
        }
    },
    /** RabbitMQ, where {@code rabbitmq-server} is on the path. */
    RABBITMQ {
        @Override
        int start() throws Exception {
            int port = freePort();
            Path folder = Files.createTempDirectory("rabbitmq");
            ProcessBuilder builder = new ProcessBuilder("rabbitmq-server")
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("server.log").toFile());
            builder.environment()
                    .putAll(Map.of(
                            "HOME", folder.toString(),
                            "RABBITMQ_NODENAME", "idempotent-" + port + "@localhost",
                            "RABBITMQ_NODE_PORT", Integer.toString(port),
                            "RABBITMQ_DIST_PORT", Integer.toString(freePort()),
                            "RABBITMQ_MNESIA_BASE", folder.toString(),
                            "RABBITMQ_LOG_BASE", folder.toString(),
                            "RABBITMQ_PID_FILE", folder.resolve("server.pid").toString(),
                            "RABBITMQ_ENABLED_PLUGINS_FILE",
                                    folder.resolve("plugins").toString()));
            Process process = builder.start();
            Runtime.getRuntime().addShutdownHook(new Thread(process::destroy));
            awaitConnection(port, process);
            return port;
        }

        @Override
        Map<String, Object> deadLettersTo(String queue) {
            return Map.of("x-dead-letter-exchange", "", "x-dead-letter-routing-key", queue);
        }
    };

    private static final String QPID_CONFIGURATION = """
            {
              "name": "tests", "modelVersion": "9.1",
              "authenticationproviders": [{
                "name": "plain", "type": "Plain", "secureOnlyMechanisms": [],
                "users": [{"name": "guest", "type": "managed", "password": "guest"}]
              }],
              "ports": [{
                "name": "AMQP", "port": "%d", "bindingAddress": "localhost", "authenticationProvider": "plain",
                "protocols": ["AMQP_0_9_1"],
                "virtualhostaliases": [{"name": "default", "type": "defaultAlias"}]
              }],
              "virtualhostnodes": [{
                "name": "default", "type": "Memory", "defaultVirtualHostNode": "true",
                "virtualHostInitialConfiguration": "{\\"type\\": \\"Memory\\"}"
              }]
            }
            """;

    private static final Map<AmqpBroker, Integer> PORTS = new ConcurrentHashMap<>();

    static {
        // Messages take their time where the processors are busy.
        Awaitility.setDefaultTimeout(Duration.ofSeconds(60));
    }

    abstract int start() throws Exception;

    /** The arguments of a queue whose dead letters go to another queue. */
    abstract Map<String, Object> deadLettersTo(String queue);

    /** Whether it can be started here. */
    static boolean isRabbitMqInstalled() {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, "rabbitmq-server")));
    }

    /** Where it listens. */
    int port() {
        return PORTS.computeIfAbsent(this, broker -> {
            try {
                return broker.start();
            } catch (Exception failure) {
                throw new IllegalStateException(name() + " does not start", failure);
            }
        });
    }

    /** The properties by which Spring Boot finds it. */
    List<String> properties() {
        return List.of("spring.rabbitmq.host=localhost", "spring.rabbitmq.port=" + port());
    }

    private static void awaitConnection(int port, Process process) throws InterruptedException {
        CachingConnectionFactory connections = new CachingConnectionFactory("localhost", port);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (true) {
            try {
                connections.createConnection().close();
                connections.destroy();
                return;
            } catch (RuntimeException notYet) {
                if (System.nanoTime() - deadline > 0 || !process.isAlive()) {
                    throw notYet;
                }
                TimeUnit.MILLISECONDS.sleep(100);
            }
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
