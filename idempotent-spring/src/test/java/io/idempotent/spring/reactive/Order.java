package io.idempotent.spring.reactive;

/** A request that its caller may change later. */
public final class Order {

    private String id;
    private String item;

    /** Makes an order. */
    public Order(String id, String item) {
        this.id = id;
        this.item = item;
    }

    public String getId() {
        return id;
    }

    public void setId(String id) {
        this.id = id;
    }

    public String getItem() {
        return item;
    }

    public void setItem(String item) {
        this.item = item;
    }
}
