package io.idempotent.spring.messaging.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.OnOneJdk;
import io.idempotent.kill.Jvm;
import io.idempotent.server.Database;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.PostgresServer;
import io.idempotent.server.Server;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.autoconfigure.IdempotencyAutoConfiguration;
import io.idempotent.spring.autoconfigure.JdbcStoreAutoConfiguration;
import io.idempotent.spring.autoconfigure.KafkaMessagingAutoConfiguration;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.DataSourceTransactionManagerAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.JdbcTemplateAutoConfiguration;
import org.springframework.boot.kafka.autoconfigure.KafkaAutoConfiguration;
import org.springframework.boot.logging.LoggingSystem;
import org.springframework.boot.transaction.autoconfigure.TransactionAutoConfiguration;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.kafka.annotation.KafkaListener;

/**
 * An inbox: a listener whose effects and record are one transaction in PostgreSQL, and whose JVM is killed in the
 * middle of its work, again and again. {@code -Dkill.times} sets how often.
 */
@OnOneJdk("a killed process asks nothing of its JDK")
@NeedsServer(Server.POSTGRES_18)
class KilledInboxTest {

    private static final int MESSAGES_PER_KILL = 20;
    private static final int DELIVERIES = 2;
    private static final int PARTITIONS = 2;
    private static final int KILLS = Integer.getInteger("kill.times", 3);

    private static final KafkaBroker KAFKA = KafkaBroker.shared();

    @Test
    void eachMessageIsInTheDatabaseOnceHoweverOftenItsConsumerIsKilled(@TempDir Path directory) throws Exception {
        Database database = PostgresServer.version18().newDatabase("inbox");
        JdbcTemplate jdbc = new JdbcTemplate(database.dataSource());
        jdbc.execute("CREATE TABLE effect (message VARCHAR(100) NOT NULL)");
        String topic = KAFKA.topic(PARTITIONS);
        Random random = new Random(4);
        List<String> arguments = List.of(KAFKA.servers(), database.url(), database.user(), topic);
        Path errors = directory.resolve("errors");
        for (int kill = 0; kill < KILLS; kill++) {
            Process consumer = Jvm.start(Consumer.class, arguments, errors);
            send(topic, kill);
            killAtWork(consumer, 1 + random.nextInt(MESSAGES_PER_KILL / 2));
        }
        Process last = Jvm.start(Consumer.class, arguments, errors);
        try {
            await().atMost(Duration.ofSeconds(90)).until(() -> KAFKA.lag(topic, topic, PARTITIONS) == 0);
        } finally {
            last.destroyForcibly();
        }

        assertThat(jdbc.queryForList("SELECT message FROM effect", String.class))
                .doesNotHaveDuplicates()
                .hasSize(KILLS * MESSAGES_PER_KILL);
        assertThat(KAFKA.read(topic + "-dlt", PARTITIONS)).isEmpty();
    }

    private static void send(String topic, int kill) {
        for (int delivery = 0; delivery < DELIVERIES; delivery++) {
            for (int number = 0; number < MESSAGES_PER_KILL; number++) {
                String message = "message-" + kill + "-" + number;
                KAFKA.send(topic, (number + delivery) % PARTITIONS, message, message, message);
            }
        }
    }

    /** Kills a consumer when it has begun to handle some messages, the last of which it may have committed or not. */
    private static void killAtWork(Process consumer, int messages) throws IOException, InterruptedException {
        try (BufferedReader output = consumer.inputReader(StandardCharsets.UTF_8)) {
            for (int begun = 0; begun < messages; begun++) {
                assertThat(output.readLine())
                        .as("the consumer handles a message")
                        .startsWith("message-");
            }
        } finally {
            consumer.destroyForcibly().waitFor();
        }
    }

    /** The program that is killed. */
    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({
        DataSourceAutoConfiguration.class,
        DataSourceTransactionManagerAutoConfiguration.class,
        TransactionAutoConfiguration.class,
        JdbcTemplateAutoConfiguration.class,
        IdempotencyAutoConfiguration.class,
        JdbcStoreAutoConfiguration.class,
        KafkaMessagingAutoConfiguration.class,
        KafkaAutoConfiguration.class
    })
    static class Consumer {

        public static void main(String[] arguments) {
            // The JVM that is killed logs nowhere.
            System.setProperty(LoggingSystem.SYSTEM_PROPERTY, LoggingSystem.NONE);
            new SpringApplicationBuilder(Consumer.class, Inbox.class)
                    .web(WebApplicationType.NONE)
                    .properties(
                            "spring.kafka.bootstrap-servers=" + arguments[0],
                            "spring.datasource.url=" + arguments[1],
                            "spring.datasource.username=" + arguments[2],
                            "topic=" + arguments[3],
                            "spring.kafka.consumer.group-id=" + arguments[3],
                            "spring.kafka.consumer.auto-offset-reset=earliest",
                            // A killed consumer is noticed soon.
                            "spring.kafka.consumer.properties.session.timeout.ms=6000",
                            "spring.kafka.consumer.heartbeat-interval=500ms",
                            "idempotent.jdbc.initialize-schema=always",
                            "spring.main.banner-mode=off")
                    .run();
        }
    }

    static class Inbox {

        private final JdbcTemplate jdbc;

        Inbox(JdbcTemplate jdbc) {
            this.jdbc = jdbc;
        }

        @KafkaListener(topics = "${topic}")
        @Idempotent(key = "@messageKeys.of(#delivered)", atomic = true)
        public void on(ConsumerRecord<String, String> delivered) {
            jdbc.update("INSERT INTO effect (message) VALUES (?)", delivered.value());
            // Whoever reads it may kill the process before the commit, or after it.
            System.out.println(delivered.value());
        }
    }
}
