package io.idempotent.sample;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** Starts the sample; open {@code http://localhost:8080} then. */
@SpringBootApplication
public class SampleApplication {

    /** Runs the sample until it is stopped. */
    public static void main(String[] arguments) {
        SpringApplication.run(SampleApplication.class, arguments);
    }
}
