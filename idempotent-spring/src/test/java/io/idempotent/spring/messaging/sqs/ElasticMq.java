package io.idempotent.spring.messaging.sqs;

import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.elasticmq.rest.sqs.SQSRestServerBuilder$;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/** A real ElasticMQ in this JVM, with all in memory, started once. It speaks SQS. */
final class ElasticMq {

    /** Sends and receives. Nobody closes it. */
    static final SqsAsyncClient CLIENT = start();

    private static final Map<String, String> URLS = new ConcurrentHashMap<>();

    private ElasticMq() {}

    /** Makes a queue. */
    static void create(String queue, Map<QueueAttributeName, String> attributes) {
        Map<QueueAttributeName, String> all = new HashMap<>(attributes);
        if (queue.endsWith(".fifo")) {
            all.put(QueueAttributeName.FIFO_QUEUE, "true");
        }
        CLIENT.createQueue(request -> request.queueName(queue).attributes(all)).join();
    }

    /** The attributes by which a queue gives messages up after so many deliveries, to another queue. */
    static Map<QueueAttributeName, String> redrive(String deadLetters, int deliveries) {
        String policy = "{\"deadLetterTargetArn\":\"arn:aws:sqs:elasticmq:000000000000:%s\",\"maxReceiveCount\":%d}";
        return Map.of(QueueAttributeName.REDRIVE_POLICY, policy.formatted(deadLetters, deliveries));
    }

    /** How many messages are there, those included that are being delivered or wait. */
    static int count(String queue) {
        Map<QueueAttributeName, String> attributes = CLIENT.getQueueAttributes(
                        request -> request.queueUrl(url(queue)).attributeNames(QueueAttributeName.ALL))
                .join()
                .attributes();
        return Stream.of(
                        QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES,
                        QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE,
                        QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_DELAYED)
                .mapToInt(name -> Integer.parseInt(attributes.get(name)))
                .sum();
    }

    /** Receives one message, and deletes it. */
    static Message receive(String queue) {
        List<Message> received = CLIENT.receiveMessage(request -> request.queueUrl(url(queue))
                        .waitTimeSeconds(20)
                        .messageAttributeNames("All")
                        .messageSystemAttributeNames(MessageSystemAttributeName.ALL))
                .join()
                .messages();
        if (received.isEmpty()) {
            throw new IllegalStateException("Nothing came to " + queue);
        }
        Message message = received.get(0);
        CLIENT.deleteMessage(request -> request.queueUrl(url(queue)).receiptHandle(message.receiptHandle()))
                .join();
        return message;
    }

    private static String url(String queue) {
        return URLS.computeIfAbsent(
                queue,
                name -> CLIENT.getQueueUrl(request -> request.queueName(name))
                        .join()
                        .queueUrl());
    }

    private static SqsAsyncClient start() {
        // Messages take their time where the processors are busy.
        Awaitility.setDefaultTimeout(Duration.ofSeconds(60));
        int port = SQSRestServerBuilder$.MODULE$
                .withInterface("127.0.0.1")
                .withDynamicPort()
                .start()
                .waitUntilStarted()
                .localAddress()
                .getPort();
        return SqsAsyncClient.builder()
                .endpointOverride(URI.create("http://127.0.0.1:" + port))
                .region(Region.of("elasticmq"))
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("any", "any")))
                .build();
    }
}
