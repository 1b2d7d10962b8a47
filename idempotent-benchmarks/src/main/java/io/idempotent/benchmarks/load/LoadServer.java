package io.idempotent.benchmarks.load;

import io.idempotent.spring.web.IdempotentEndpoint;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/**
 * The server: the same handler twice, with the defaults that an application has. Says on standard output where it
 * listens.
 */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
public class LoadServer {

    /** For Spring. */
    public LoadServer() {}

    /** Runs until its standard input ends, so that it does not outlive who started it. */
    public static void main(String[] arguments) throws Exception {
        WebServerApplicationContext context =
                (WebServerApplicationContext) new SpringApplicationBuilder(LoadServer.class)
                        .properties(Map.of(
                                "server.port", "0",
                                "server.tomcat.max-keep-alive-requests", "-1",
                                "spring.main.banner-mode", "off",
                                "idempotent.store", "caffeine",
                                // One that keeps what is measured, for longer than it is.
                                "idempotent.caffeine.maximum-size", "5000000",
                                "idempotent.web.scope", "shared"))
                        .run();
        System.out.println("listens at " + context.getEnvironment().getRequiredProperty("local.server.port"));
        var unused = System.in.read();
        System.exit(0);
    }

    /** What is ordered. */
    public record Order(String item, int quantity) {}

    /** What was ordered. */
    public record Receipt(long number, String item, int quantity) {}

    /** Takes orders. */
    @RestController
    public static class Orders {

        private final AtomicLong numbers = new AtomicLong();

        Orders() {}

        @PostMapping("/bare")
        @ResponseStatus(HttpStatus.CREATED)
        Receipt bare(@RequestBody Order order) {
            return receipt(order);
        }

        @PostMapping("/idempotent")
        @ResponseStatus(HttpStatus.CREATED)
        @IdempotentEndpoint
        Receipt idempotent(@RequestBody Order order) {
            return receipt(order);
        }

        private Receipt receipt(Order order) {
            return new Receipt(numbers.incrementAndGet(), order.item(), order.quantity());
        }
    }
}
