//! Counts, quantities, CPU, GPU products, and what they are per.

use super::check;

#[test]
fn counts() {
    check(&[
        ("a notebook with two GPUs", "count:two=2 strong"),
        ("a notebook with 2 GPUs", "count:2=2 strong"),
        ("twelve workers", "count:twelve=12"),
        ("twenty-four trials", "count:twenty-four=24"),
        ("a dozen trials", "count:a dozen=12"),
        ("half a dozen workers", "count:half a dozen=6"),
        ("a couple of GPUs", "count:a couple of=2"),
        ("a pair of A100s", "count:a pair of=2"),
        ("one hundred trials", "count:one hundred=100"),
        ("1,000 trials", "count:1,000=1000"),
        ("a GPU for me", "count:a=1"),
        ("an H100", "count:an=1 | gpu-product:H100=H100"),
        ("a single GPU", "count:a single=1"),
        ("a GPU notebook", "!count"),
        ("an H100 node", "!count | gpu-product:H100=H100"),
        ("half a GPU", "count:half a=0.5 | !count:a"),
        ("0.5 GPUs", "count:0.5=0.5"),
        ("8xH100", "count:8=8 | gpu-product:H100=H100"),
        ("8x A100", "count:8=8 | gpu-product:A100=A100"),
        ("4 x RTX 4090", "count:4=4 | gpu-product:RTX 4090=RTX-4090"),
        ("H100 x 8", "count:8=8 | gpu-product:H100=H100"),
        ("8*A100", "count:8=8"),
        ("an 8-GPU node", "count:8=8"),
        ("a two-node training", "count:two=2"),
        ("between 2 and 10 replicas", "count:2=2 | count:10=10"),
        ("2-4 replicas", "count:2=2 | count:4=4"),
        ("scale at 80% CPU", "count:80%=80"),
        ("-3 replicas", "count:-3=-3"),
        ("port 8080", "count:8080=8080"),
        ("on :8080", "count:8080=8080"),
        ("localhost:8888", "count:8888=8888 | !image"),
        ("host db:5432", "count:5432=5432 | !image"),
        ("allow 53/UDP", "count:53=53"),
        ("gpus: 2, replicas=3", "count:2=2 | count:3=3 | !key-value"),
        ("4GPUs", "count:4=4"),
        ("one more GPU", "count:one=1"),
        ("the one with a GPU", "!count:one"),
        ("another one", "!count"),
        ("one of them", "!count"),
        ("3x faster", "!count"),
        ("the first and the 2nd notebook", "!count"),
        ("notebook v2", "!count"),
    ]);
}

#[test]
fn numbers_that_count_nothing() {
    check(&[
        ("CUDA 12.4", "!count"),
        ("cuda 12 please", "!count"),
        ("python 3.11", "!count | software:python 3.11=python 3.11"),
        ("a python 3 notebook", "!count"),
        ("driver 550", "!count"),
        ("version 2", "!count"),
        ("release v1.29.3", "!count"),
        ("kubernetes 1.36", "!count"),
        ("step 3 of the plan", "!count:3"),
        ("ticket #4711", "!count"),
        ("call +49 170 1234567", "!count"),
        ("call 555-0123", "!count"),
        ("电话13800138000", "!count"),
        ("a budget of $500", "!count"),
        ("500 dollars", "!count"),
        ("open 24/7", "!count"),
        ("10.0.0.1", "!count | !host | text:10.0.0.1=10.0.0.1"),
        ("from 192.168.1.0/24", "!count | text:192.168.1.0/24=192.168.1.0/24"),
        ("Llama-3-8B", "!count | model:Llama-3-8B=Llama-3-8B"),
        ("Llama 3 8B on 2 GPUs", "count:2=2 | !count:3 | !count:8 | model:Llama 3 8B=Llama 3 8B"),
        ("H100 80GB", "!count | !quantity"),
        ("nginx:1.27", "!count"),
        ("on 2026-11-24", "!count | time:2026-11-24=2026-11-24"),
        ("at 14:30", "!count | time:14:30=14:30"),
        ("in 12 hours", "!count | duration:12 hours=43200"),
        ("第3个任务", "!count"),
        ("2026年12月3日", "!count | time:2026年12月3日=2026年12月3日"),
        ("pytorch 2 GPUs", "count:2=2 | software:pytorch=pytorch"),
        ("redis 2 replicas", "count:2=2 | software:redis=redis"),
    ]);
}

#[test]
fn chinese_counts() {
    check(&[
        ("两张GPU", "count:两=2"),
        ("2张GPU", "count:2=2"),
        ("三个副本", "count:三=3"),
        ("十二个worker", "count:十二=12"),
        ("八卡", "count:八=8"),
        ("单卡", "count:单=1"),
        ("双卡A100", "count:双=2 | gpu-product:A100=A100"),
        ("一张A100", "count:一=1"),
        ("一个GPU", "count:一=1"),
        ("一个notebook", "!count"),
        ("一台机器", "count:一=1"),
        ("半张卡", "count:半=0.5"),
        ("两三个副本", "!count"),
        ("一共16张卡", "count:16=16 @total | !count:一"),
        ("第二个任务", "!count"),
        ("统一管理", "!count"),
        ("端口8080", "count:8080=8080"),
        ("4张4090", "count:4=4 | gpu-product:4090=RTX-4090"),
        ("一百个trial", "count:一百=100"),
    ]);
}

#[test]
fn quantities() {
    check(&[
        ("64 gigs", "quantity:64 gigs=64Gi strong | !count"),
        ("64GB", "quantity:64GB=64Gi"),
        ("64gb ram", "quantity:64gb=64Gi"),
        ("64 G of RAM", "quantity:64 G=64Gi"),
        ("64g", "quantity:64g=64Gi"),
        ("50G", "quantity:50G=50G"),
        ("50Gi", "quantity:50Gi=50Gi"),
        ("50 Gi", "quantity:50 Gi=50Gi"),
        ("50GiB", "quantity:50GiB=50Gi"),
        ("500M", "quantity:500M=500M"),
        ("500 megs", "quantity:500 megs=500Mi"),
        ("512MB", "quantity:512MB=512Mi"),
        ("1.5T", "quantity:1.5T=1.5T"),
        ("1.5TB", "quantity:1.5TB=1.5Ti"),
        ("two terabytes", "quantity:two terabytes=2Ti"),
        ("a terabyte of storage", "quantity:a terabyte=1Ti"),
        ("half a terabyte", "quantity:half a terabyte=512Gi | !quantity:a terabyte"),
        ("half a gig", "quantity:half a gig=512Mi"),
        ("sixty four gigs", "quantity:sixty four gigs=64Gi"),
        ("10 kilobytes", "quantity:10 kilobytes=10Ki"),
        ("64个G", "quantity:64个G=64Gi"),
        ("64G内存", "quantity:64G=64G"),
        ("64 GB内存", "quantity:64 GB=64Gi"),
        ("两百G硬盘", "quantity:两百G=200Gi"),
        ("半个T", "quantity:半个T=512Gi"),
        ("500兆", "quantity:500兆=500Mi"),
        ("10 GB/s network", "!quantity"),
        ("a 350M parameter model", "!quantity"),
        ("7B", "!quantity"),
        ("1g.10gb", "!quantity | gpu-product:1g.10gb=1g.10gb"),
        ("memory: 8Gi", "quantity:8Gi=8Gi"),
        ("8核16G", "quantity:16G=16G | cpu:8核=8"),
        ("a 16GB notebook", "quantity:16GB=16Gi"),
    ]);
}

#[test]
fn cpus() {
    check(&[
        ("4 cores", "cpu:4 cores=4 | !count"),
        ("8 vCPUs", "cpu:8 vCPUs=8"),
        ("4 CPU cores", "cpu:4 CPU cores=4"),
        ("sixteen cpus", "cpu:sixteen cpus=16"),
        ("500m", "cpu:500m=500m | !duration"),
        ("250m CPU", "cpu:250m=250m"),
        ("half a core", "cpu:half a core=500m"),
        ("a core", "cpu:a core=1"),
        ("1.5 cores", "cpu:1.5 cores=1500m"),
        ("cpu: 4", "cpu:4=4"),
        ("CPU limit of 2", "cpu:2=2"),
        ("8核", "cpu:8核=8"),
        ("八核", "cpu:八核=8"),
        ("8个核", "cpu:8个核=8"),
        ("4c8g", "cpu:4c=4 | quantity:8g=8Gi"),
        ("4 CPU nodes", "!cpu | count:4=4"),
        ("80% CPU", "!cpu"),
        ("a CPU notebook", "!cpu"),
        ("4 cpu 8 Gi", "cpu:4 cpu=4 | quantity:8 Gi=8Gi"),
        ("30m", "cpu:30m=30m | duration:30m=1800"),
        ("timeout 30m", "duration:30m=1800 | !cpu"),
    ]);
}

#[test]
fn gpu_products() {
    check(&[
        ("an H100", "gpu-product:H100=H100 strong"),
        ("8 H100s", "gpu-product:H100s=H100 | count:8=8"),
        ("four h100", "gpu-product:h100=H100"),
        ("A100 80GB", "gpu-product:A100 80GB=A100-80GB | !quantity"),
        ("A100-80G", "gpu-product:A100-80G=A100-80GB"),
        ("NVIDIA A100-SXM4-80GB", "gpu-product:NVIDIA A100-SXM4-80GB=A100-80GB"),
        ("H100 80GB", "gpu-product:H100 80GB=H100"),
        ("H100 94GB", "gpu-product:H100 94GB=H100-94GB"),
        ("a V100", "gpu-product:V100=V100"),
        ("L40S", "gpu-product:L40S=L40S"),
        ("Tesla T4", "gpu-product:Tesla T4=T4"),
        ("RTX 4090", "gpu-product:RTX 4090=RTX-4090"),
        ("two RTX 3090s", "gpu-product:RTX 3090s=RTX-3090 | !duration"),
        ("B200 and H20", "gpu-product:B200=B200 | gpu-product:H20=H20"),
        ("2x4090s", "count:2=2 | gpu-product:4090s=RTX-4090"),
        ("A100x4", "count:4=4 | gpu-product:A100=A100"),
        ("1 A6000 GPU", "count:1=1 | gpu-product:A6000=RTX-A6000"),
        ("RTX A6000", "gpu-product:RTX A6000=RTX-A6000"),
        ("MI300X", "gpu-product:MI300X=MI300X"),
        ("GB200", "gpu-product:GB200=GB200"),
        ("昇腾910B", "gpu-product:昇腾910B=Ascend-910B"),
        ("an H100 with 80Gi memory", "gpu-product:H100=H100 | quantity:80Gi=80Gi"),
        ("H100 80GB of system memory", "gpu-product:H100=H100 | quantity:80GB=80Gi"),
        ("an L4 load balancer", "!gpu-product"),
        ("called h100-test", "!gpu-product | name:h100-test=h100-test"),
        ("t4 instance", "!gpu-product"),
        ("mig-3g.40gb", "gpu-product:mig-3g.40gb=3g.40gb"),
        ("8张H100", "gpu-product:H100=H100 | count:8=8"),
        ("用A100跑", "gpu-product:A100=A100"),
    ]);
}

#[test]
fn per_node_and_total() {
    check(&[
        ("two nodes with 8 GPUs each", "count:8=8 @node | count:two=2"),
        ("two nodes, 8 GPUs each", "count:8=8 @node | count:two=2"),
        ("4 workers 2 GPUs each", "count:2=2 @node | count:4=4"),
        ("8 GPUs per node", "count:8=8 @node"),
        ("per node: 8 GPUs", "count:8=8 @node"),
        ("2 GPUs and 64Gi each", "count:2=2 @node | quantity:64Gi=64Gi @node"),
        ("3 workers, each with 4 cores", "count:3=3 | cpu:4 cores=4 @node"),
        ("16 GPUs in total", "count:16=16 @total"),
        ("a total of 12 GPUs", "count:12=12 @total"),
        ("12 GPUs over three machines", "count:12=12 @total | count:three=3"),
        ("16 GPUs, spread across 2 nodes", "count:16=16 @total | count:2=2"),
        ("8 GPUs", "count:8=8"),
        ("两台机器，每台8张卡", "count:两=2 | count:8=8 @node"),
        ("每个节点4张GPU", "count:4=4 @node"),
        ("每台机器8张A100", "count:8=8 @node"),
        ("一共16张卡，两台机器", "count:16=16 @total | count:两=2"),
        ("总共12张GPU", "count:12=12 @total"),
        ("单机八卡", "count:八=8 @node"),
        ("一机八卡，一共两机", "count:八=8 @node | count:两=2"),
        ("3 replicas, 10Gi each", "quantity:10Gi=10Gi @node | count:3=3"),
        ("100G的共享存储", "quantity:100G=100G"),
    ]);
}

#[test]
fn negated_spans() {
    check(&[
        ("no H100, use a T4", "gpu-product:H100=H100 ~ | gpu-product:T4=T4"),
        ("instead of 4 GPUs give me 2", "count:4=4 ~ | count:2=2"),
        ("不要A100，要H100", "gpu-product:A100=A100 ~ | gpu-product:H100=H100"),
        ("no more than 4 GPUs", "count:4=4"),
        ("with nginx and 2 GPUs", "count:2=2"),
    ]);
}
