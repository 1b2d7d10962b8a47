package io.idempotent.spring.weaving.woven;

import io.idempotent.spring.annotation.Idempotent;
import java.io.IOException;

/** Methods that no proxy protects, each called by the object itself. */
@SuppressWarnings("unused") // expressions read the parameters
public class Visibilities {

    private final Counter counter;

    /** Counts here. */
    public Visibilities(Counter counter) {
        this.counter = counter;
    }

    /** Calls the method of this name. */
    public int call(String name, Request request) throws IOException {
        return switch (name) {
            case "publicly" -> publicly(request);
            case "finally" -> finallyDone(request);
            case "protectedly" -> protectedly(request);
            case "in the package" -> inThePackage(request);
            case "privately" -> privately(request);
            case "composed" -> composed(request);
            default -> failing(request);
        };
    }

    @Idempotent(key = "#request.id")
    public int publicly(Request request) {
        return counter.next();
    }

    @Idempotent(key = "#request.id")
    public final int finallyDone(Request request) {
        return counter.next();
    }

    @Idempotent(key = "#request.id")
    protected int protectedly(Request request) {
        return counter.next();
    }

    @Idempotent(key = "#request.id")
    int inThePackage(Request request) {
        return counter.next();
    }

    @Idempotent(key = "#request.id")
    private int privately(Request request) {
        return counter.next();
    }

    @Once
    private int composed(Request request) {
        return counter.next();
    }

    @Idempotent(key = "#request.id")
    private int failing(Request request) throws IOException {
        throw new IOException("body " + counter.next());
    }
}
