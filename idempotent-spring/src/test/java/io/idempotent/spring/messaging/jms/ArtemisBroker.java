package io.idempotent.spring.messaging.jms;

import java.time.Duration;
import org.apache.activemq.artemis.api.core.QueueConfiguration;
import org.apache.activemq.artemis.api.core.RoutingType;
import org.apache.activemq.artemis.api.core.SimpleString;
import org.apache.activemq.artemis.core.config.Configuration;
import org.apache.activemq.artemis.core.config.impl.ConfigurationImpl;
import org.apache.activemq.artemis.core.server.Queue;
import org.apache.activemq.artemis.core.server.embedded.EmbeddedActiveMQ;
import org.apache.activemq.artemis.core.settings.impl.AddressSettings;
import org.apache.activemq.artemis.jms.client.ActiveMQConnectionFactory;
import org.awaitility.Awaitility;

/** A real Artemis in this JVM, with all in memory, started once. It gives up a message after ten deliveries. */
final class ArtemisBroker {

    static final int MAXIMUM_DELIVERIES = 10;

    private static final String URL = "vm://0";
    private static final String BROKER_DEAD_LETTERS = "-given-up";

    private static final EmbeddedActiveMQ SERVER = start();

    private ArtemisBroker() {}

    static ActiveMQConnectionFactory connections() {
        // A consumer that is busy keeps no message from the others.
        return new ActiveMQConnectionFactory(URL + "?consumerWindowSize=0");
    }

    /** Makes a queue, and another for what the broker gives up. */
    static void create(String queue) {
        try {
            AddressSettings settings = new AddressSettings();
            settings.setMaxDeliveryAttempts(MAXIMUM_DELIVERIES);
            settings.setDeadLetterAddress(SimpleString.of(queue + BROKER_DEAD_LETTERS));
            SERVER.getActiveMQServer().getAddressSettingsRepository().addMatch(queue, settings);
            for (String name : new String[] {queue, queue + BROKER_DEAD_LETTERS}) {
                SERVER.getActiveMQServer()
                        .createQueue(QueueConfiguration.of(name).setRoutingType(RoutingType.ANYCAST));
            }
        } catch (Exception failure) {
            throw new IllegalStateException(failure);
        }
    }

    /** Refuses what is sent there, also by the name that clients of old versions have for it. */
    static void refuse(String queue) {
        AddressSettings settings =
                new AddressSettings().setAutoCreateAddresses(false).setAutoCreateQueues(false);
        SERVER.getActiveMQServer().getAddressSettingsRepository().addMatch(queue, settings);
        SERVER.getActiveMQServer().getAddressSettingsRepository().addMatch("jms.queue." + queue, settings);
    }

    /** How many messages are there, those included that are being delivered. */
    static long count(String queue) {
        Queue found = SERVER.getActiveMQServer().locateQueue(queue);
        return found == null ? 0 : found.getMessageCount();
    }

    /** How many messages of a queue the broker gave up. */
    static long givenUp(String queue) {
        return count(queue + BROKER_DEAD_LETTERS);
    }

    private static EmbeddedActiveMQ start() {
        try {
            // Messages take their time where the processors are busy.
            Awaitility.setDefaultTimeout(Duration.ofSeconds(60));
            Configuration configuration = new ConfigurationImpl()
                    .setPersistenceEnabled(false)
                    .setSecurityEnabled(false)
                    .setJMXManagementEnabled(false)
                    .addAcceptorConfiguration("vm", URL);
            EmbeddedActiveMQ server = new EmbeddedActiveMQ().setConfiguration(configuration);
            server.start();
            return server;
        } catch (Exception failure) {
            throw new IllegalStateException("Artemis does not start", failure);
        }
    }
}
