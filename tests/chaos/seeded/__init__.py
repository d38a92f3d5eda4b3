"""A seeded run of faults against Apache Kafka and PostgreSQL, and what must hold afterwards (`make chaos`)."""
