# Where the origin is. The only file to edit.
#
# A held request for media is answered within three target durations (6 s with segments of 2 s), or refused by then:
# the first byte is waited for longer than that. A segment in the making goes on for one segment.
backend origin {
    .host = "127.0.0.1";
    .port = "8080";
    .connect_timeout = 2s;
    .first_byte_timeout = 15s;
    .between_bytes_timeout = 15s;
    .max_connections = 4000;
    .probe = {
        .url = "/clock";        # answers as long as the origin runs, whatever its source does
        .interval = 0.5s;
        .timeout = 1s;
        .window = 4;
        .threshold = 2;
        .initial = 4;
    }
}
