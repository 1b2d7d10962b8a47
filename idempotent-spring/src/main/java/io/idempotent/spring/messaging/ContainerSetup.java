package io.idempotent.spring.messaging;

import org.springframework.context.SmartLifecycle;

/** Configures the containers of listener methods when all are known, and before any of them starts. */
public final class ContainerSetup implements SmartLifecycle {

    private final Runnable configure;

    private volatile boolean running;

    /**
     * Makes the set-up of one library's containers.
     *
     * @param configure configures them; runs with each start of the application context
     */
    public ContainerSetup(Runnable configure) {
        this.configure = configure;
    }

    @Override
    public void start() {
        running = true;
        configure.run();
    }

    @Override
    public void stop() {
        running = false;
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    @Override
    public int getPhase() {
        return Integer.MIN_VALUE;
    }
}
