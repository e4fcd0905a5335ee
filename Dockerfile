FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY orderflow orderflow
COPY migrations migrations
COPY static static
RUN python -m venv /opt/orderflow && /opt/orderflow/bin/pip install --no-cache-dir .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home orderflow && install -d -o orderflow /data
COPY --from=build /opt/orderflow /opt/orderflow
ENV PATH=/opt/orderflow/bin:$PATH PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=8000 ORDERFLOW_DATA=/data
USER orderflow
WORKDIR /data
VOLUME /data
EXPOSE 8000
# SIGTERM lets requests under way end and tells sockets to come back.
STOPSIGNAL SIGTERM
ENTRYPOINT ["orderflow"]
CMD ["serve"]
