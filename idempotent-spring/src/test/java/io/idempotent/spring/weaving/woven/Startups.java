package io.idempotent.spring.weaving.woven;

import io.idempotent.spring.annotation.Idempotent;
import jakarta.annotation.PostConstruct;
import org.springframework.transaction.annotation.Transactional;

/** Classes that are woven, and some that cannot be protected so. */
public final class Startups {

    private Startups() {}

    /** A service that a proxy can protect too. */
    public static class Service {

        private final Counter counter;

        /** Counts here. */
        public Service(Counter counter) {
            this.counter = counter;
        }

        /** Runs once for each request. */
        @Idempotent(key = "#request.id")
        public int run(Request request) {
            return counter.next();
        }
    }

    /** A bean that calls another while it is made. */
    public static class EarlyCaller {

        private final Service service;

        /** Calls this service. */
        public EarlyCaller(Service service) {
            this.service = service;
        }

        @PostConstruct
        void call() {
            service.run(new Request("early"));
            service.run(new Request("early"));
        }
    }

    /** A bean that calls itself while it is made. */
    public static class CallerOfItself {

        private final Counter counter;

        /** Counts here. */
        public CallerOfItself(Counter counter) {
            this.counter = counter;
        }

        @PostConstruct
        void call() {
            run(new Request("early"));
            run(new Request("early"));
        }

        @Idempotent(key = "#request.id")
        int run(Request request) {
            return counter.next();
        }
    }

    /** Has a generic interface, and so a bridge method that carries the annotation too. */
    public static class Bridged extends Service implements Runner<Request> {

        /** Counts here. */
        public Bridged(Counter counter) {
            super(counter);
        }

        @Override
        @Idempotent(key = "#request.id")
        public Integer runGeneric(Request request) {
            return super.run(request);
        }
    }

    /** Something generic. */
    @FunctionalInterface
    public interface Runner<R> {

        /** Runs. */
        Object runGeneric(R request);
    }

    /** Carries the annotation, which weaving does not see. */
    @FunctionalInterface
    public interface Annotated {

        /** Runs once. */
        @Idempotent(key = "#request.id")
        int run(Request request);
    }

    /** Has its annotation from its interface. */
    public static class OfInterface implements Annotated {

        @Override
        public int run(Request request) {
            return 0;
        }
    }

    /** Overrides a method that has the annotation. */
    public static class Overriding extends Service {

        /** Counts here. */
        public Overriding(Counter counter) {
            super(counter);
        }

        @Override
        public int run(Request request) {
            return 0;
        }
    }

    /** Has a static method. */
    public static class Static {

        /** Cannot be a bean's. */
        @Idempotent(key = "#request.id")
        public static int run(Request request) {
            return 0;
        }
    }

    /** Has an annotation that is composed of a composed one, and a woven method of the same name. */
    public static class ComposedTwice {

        @Once.Twice
        public int run(Request request) {
            return 0;
        }

        @Once
        @SuppressWarnings("unused")
        public int run(Request request, int times) {
            return times;
        }
    }

    /** Retries, in a transaction. */
    public static class Retrying {

        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetries = 1))
        @Transactional
        public int run(Request request) {
            return 0;
        }
    }

    /** Is atomic, in a transaction that it declares. */
    public static class Atomic {

        @Idempotent(key = "#request.id", atomic = true)
        @Transactional
        public int run(Request request) {
            return 0;
        }
    }
}
